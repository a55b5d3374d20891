// A bug in the middle of an event leaves memory that cannot be trusted. So the object starts again from what is on disk, and
// its clients connect again. The same goes for memory that has counted what could not be written.

import { type LogFields, logError, reasonOf } from "./log.ts";

/** How the log calls the restart, and which object it is. */
export type RestartLine = { readonly event: string; readonly fields: Omit<LogFields, "reason"> };

export class RestartOnBug {
  private readonly ctx: Pick<DurableObjectState, "abort">;
  private readonly line: RestartLine | undefined;

  /** @param line absent if whoever called the object logs why it failed */
  constructor(ctx: Pick<DurableObjectState, "abort">, line?: RestartLine) {
    this.ctx = ctx;
    this.line = line;
  }

  /** Runs it; if it throws, the object restarts, and the error is thrown again. */
  guard<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      this.restart(error);
      throw error;
    }
  }

  /** `guard` for an alarm's handler. The platform gives up an alarm that fails too often; an object that starts sets it again. */
  async guardAlarm(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.restart(error);
      throw error;
    }
  }

  restart(error: unknown): void {
    if (this.line !== undefined) logError(this.line.event, { ...this.line.fields, reason: reasonOf(error) });
    this.ctx.abort(String(error));
  }
}
