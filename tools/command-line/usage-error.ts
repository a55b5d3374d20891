/** Exit codes for scripts. The --help of `pub` and `sub` lists them; the other commands end with 0 or 1. */
export const exitCodes = {
  /** Wrong arguments, a file that cannot be read, or a refusal by the API. */
  usage: 1,
  /** The broker cannot be reached, or the connection was lost. */
  unreachable: 2,
  /** The broker does not accept the client. */
  clientRefused: 3,
  /** The broker does not accept the message or the subscription. */
  requestRefused: 4,
  /** Another client connected with the same client identifier. */
  takenOver: 5,
  /** The time of -W is over. mosquitto_sub uses the same number. */
  timedOut: 27,
} as const;

/** The command cannot be done as it was given. The message is one line that says what to do. */
export class UsageError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}
