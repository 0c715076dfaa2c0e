/** Takes the body of an HTTP message as it arrives, framing included. */
export interface BodySink {
  bodyOnData(bytes: Buffer): void
  /** The whole body has been taken. */
  bodyOnEnd(): void
  /** Whether a field of this name, lower case, may stand behind the body; without it every one. */
  mayTrail?(name: string): boolean
}
