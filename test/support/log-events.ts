/**
 * The lines of the log, read back as the events they were: for tests of a gateway that is another process.
 */
import type { GatewayEvent } from '../../src/core/events.ts'

type Fields = Readonly<Record<string, unknown>>

/** @param line of a log in JSON. Times in it are rounded; the error of a mistake is its text. */
export function readEvent(line: string): GatewayEvent {
  const { time: _, level: _level, event, ...fields }: Fields = JSON.parse(line)
  const known =
    event === 'session-closed'
      ? sessionClosed(fields)
      : event === 'split-changed'
        ? splitChanged(fields)
        : fields
  return { type: event, ...known } as GatewayEvent
}

/** The log has its shares as text. */
function splitChanged({ shares, ...rest }: Fields): Fields {
  const each = String(shares).split(' ')
  const parts = each.map((text) => /^(.*)=(\d+)$/.exec(text) ?? [])
  return {
    ...rest,
    shares: Object.fromEntries(parts.map(([, name, share]) => [name, Number(share)])),
  }
}

/** The log has it flat. */
function sessionClosed(fields: Fields): Fields {
  const {
    closedBy,
    code,
    reason,
    detail,
    inboundMessages,
    inboundBytes,
    outboundMessages,
    outboundBytes,
    ...rest
  } = fields
  return {
    ...rest,
    end: { by: closedBy, code, reason, detail },
    inbound: { messages: inboundMessages, bytes: inboundBytes },
    outbound: { messages: outboundMessages, bytes: outboundBytes },
  }
}
