/**
 * What is told of a certificate in use: that it was loaded, and each day that it is about to end.
 *
 * A server may run for longer than its certificate is good, so loading is not the only moment to look.
 */
import type { CertificateEvent, LoadedCertificate } from '../core/events.ts'
import type { Certificates } from './certificates.ts'

/** Often enough for a notice of days, and no noise in a log. */
const lookEveryMs = 86_400_000
/** Certificates that live for months are renewed long before; those that live for a week are not yet late. */
const expiresSoonMs = 3 * 86_400_000

export class CertificateNotice {
  readonly #file: string
  readonly #onEvent: (event: CertificateEvent) => void
  #loaded: { readonly told: LoadedCertificate; readonly validTo: Date } | undefined

  constructor(file: string, onEvent: (event: CertificateEvent) => void) {
    this.#file = file
    this.#onEvent = onEvent
  }

  /** From now on this one is in use. */
  tell({ names, validTo }: Certificates): void {
    const told = { file: this.#file, names, expiresAt: validTo.toISOString() }
    this.#loaded = { told, validTo }
    this.#onEvent({ type: 'certificate-loaded', ...told })
    this.look()
  }

  /** Warns if the end is near, or past. */
  look(): void {
    if (this.#loaded === undefined) return
    const { told, validTo } = this.#loaded
    if (validTo.getTime() - Date.now() < expiresSoonMs)
      this.#onEvent({ type: 'certificate-expiring', ...told })
  }

  /** Looks once a day. @returns what ends it. */
  lookDaily(): () => void {
    const timer = setInterval(noticeOnDay, lookEveryMs, this)
    // A process that has nothing else to do may end.
    timer.unref()
    return () => clearInterval(timer)
  }
}

function noticeOnDay(notice: CertificateNotice): void {
  notice.look()
}
