// The results of running the conversations against one broker, in the form that is kept for the document.

/** The part of Vitest's JSON report that counts here. */
export type JsonReport = {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: "passed" | "failed" | "skipped" | "pending" | "todo" | "disabled";
      readonly failureMessages?: readonly string[];
    }[];
  }[];
};

export type Results = {
  readonly passed: number;
  /** Conversations that did not go as their title says, and what happened. */
  readonly differences: readonly { readonly title: string; readonly seen: string }[];
  /** Titles of conversations that were skipped, because they need other settings or another transport. */
  readonly notHeld: readonly string[];
};

/** A run kept in a file. */
export type SavedResults = Results & { readonly broker: string; readonly date: string };

/** @throws {Error} if a file of conversations did not load, because the results would be incomplete */
export function resultsOf(report: JsonReport): Results {
  const unloaded = report.testResults.find(({ assertionResults }) => assertionResults.length === 0);
  if (unloaded !== undefined) throw new Error(`conversations could not be loaded: ${unloaded.message}`);
  const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: all.filter(({ status }) => status === "passed").length,
    differences: all
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => ({ title: fullName, seen: firstLine(failureMessages?.[0] ?? "") })),
    notHeld: all.filter(({ status }) => status !== "passed" && status !== "failed").map(({ fullName }) => fullName),
  };
}

/** The message without colours, stack and class name. */
function firstLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  const [line = ""] = message.replaceAll(/\u001b\[\d+m/g, "").split("\n");
  return line.replace(/^\w*Error: /, "").slice(0, 200);
}
