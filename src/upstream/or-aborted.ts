/**
 * What somebody waits for, or nothing more when it is called off.
 * @returns the outcome of the work; rejects with the signal's reason when that is aborted before. What the work then
 * still brings is lost: whoever must clean it up asks the work itself.
 */
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    const settled = () => signal.removeEventListener('abort', onAbort)
    work.then(resolve, reject).finally(settled)
  })
}
