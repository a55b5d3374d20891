// The parent process's side of the load generator.

import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { Figures } from "./figures.ts";
import type { Answer, Job, Order } from "./process.ts";
import type { TargetAddress } from "./target-address.ts";

export class Generator {
  readonly #child: ChildProcess;
  #onAnswer: (answer: Answer) => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: Answer) => this.#onAnswer(answer));
    child.once("exit", () => this.#onAnswer({ error: "the load generator has ended" }));
  }

  static start(): Generator {
    // Figures may be NaN, which JSON lacks.
    return new Generator(fork(path.join(import.meta.dirname, "process.ts"), { serialization: "advanced" }));
  }

  /** @throws {Error} if the broker does not do what it should */
  async run(target: TargetAddress, job: Job): Promise<Figures> {
    const order: Order = { target, job };
    const answer = await new Promise<Answer>((resolve) => {
      this.#onAnswer = resolve;
      this.#child.send(order);
    });
    if ("error" in answer) throw new Error(answer.error);
    return answer.figures;
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}
