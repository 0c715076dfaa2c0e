// What sessions typically do. Messages are those of both directions.
import type { Use } from './model.ts'

export interface Profile {
  name: string
  use: Use
}

export const profiles: readonly Profile[] = [
  {
    name: 'chat',
    use: { kind: 'tunnel', isTls: true, messagesPerSecond: 0.1, bytes: 200, heartbeatSeconds: 30 },
  },
  {
    name: 'whiteboard',
    use: { kind: 'tunnel', isTls: true, messagesPerSecond: 5, bytes: 100, heartbeatSeconds: 30 },
  },
  {
    name: 'devices',
    use: {
      kind: 'tunnel',
      isTls: true,
      messagesPerSecond: 1 / 60,
      bytes: 300,
      heartbeatSeconds: 60,
    },
  },
  {
    name: 'trading screens',
    use: {
      kind: 'compressed',
      isTls: true,
      messagesPerSecond: 20,
      bytes: 150,
      heartbeatSeconds: 30,
    },
  },
]
