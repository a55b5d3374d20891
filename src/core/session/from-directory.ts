// What the directory answers to a session's reports.

import { ReportAnswer } from "./effect.ts";
import { refuseSession } from "./life/ending.ts";
import type { Parts } from "./parts.ts";

/** @param answers each from `ReportAnswer` */
export function onReportsAnswered(parts: Parts, answers: readonly number[]): void {
  const { connections, state } = parts;
  for (const answer of answers) {
    if (answer === ReportAnswer.NoSession) refuseSession(parts);
    else if (connections.current === undefined) state.onQueueAnswer(answer !== ReportAnswer.NoQueue);
  }
}
