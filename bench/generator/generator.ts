// The parent's end of the load generator.

import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { MessageFigures, MessageJob } from "./load.ts";
import type { Answer } from "./process.ts";

export class Generator {
  readonly #child: ChildProcess;
  #onAnswer: (answer: Answer) => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: Answer) => this.#onAnswer(answer));
    child.once("exit", () => this.#onAnswer({ error: "the load generator has ended" }));
  }

  static start(): Generator {
    return new Generator(fork(path.join(import.meta.dirname, "process.ts")));
  }

  /** @throws {Error} when the broker does not do as it should */
  async run(job: MessageJob): Promise<MessageFigures> {
    const answer = await new Promise<Answer>((resolve) => {
      this.#onAnswer = resolve;
      this.#child.send(job);
    });
    if ("error" in answer) throw new Error(answer.error);
    return answer.figures;
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}
