/**
 * A DNS server that keeps everybody waiting until it is told what to say.
 */
import { decode, type Answer } from 'dns-packet'
import { writeAnswer } from './dns-server.ts'

export interface HeldDns extends Disposable {
  /** As `resolvers` have it. */
  readonly address: string
  /** Resolves when the first question is there. */
  readonly asked: Promise<void>
  /** Answers those who wait, and whoever asks from now on. @param additionals addresses of targets. */
  answer(answers: readonly Answer[], additionals: readonly Answer[]): void
}

export async function startHeldDns(): Promise<HeldDns> {
  const asked = Promise.withResolvers<void>()
  const waiting: ((said: Said) => void)[] = []
  let said: Said | undefined
  const socket = await Bun.udpSocket({
    hostname: '127.0.0.1',
    socket: {
      data(self, message, port, address) {
        const { id = 0, questions: [question] = [] } = decode(message)
        if (question === undefined) return
        const reply = (each: Said) =>
          void self.send(writeAnswer({ id, ...question }, each), port, address)
        if (said === undefined) waiting.push(reply)
        else reply(said)
        asked.resolve()
      },
    },
  })
  return {
    address: `127.0.0.1:${socket.port}`,
    asked: asked.promise,
    answer(answers, additionals) {
      said = { answers, additionals }
      for (const reply of waiting.splice(0)) reply(said)
    },
    [Symbol.dispose]: () => socket.close(),
  }
}

type Said = Pick<Parameters<typeof writeAnswer>[1], 'answers' | 'additionals'>
