// What a run of the conversations against one broker has shown, as it is kept for the document.

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
  /** Conversations that went otherwise than the titles say, and how. */
  readonly differences: readonly { readonly title: string; readonly seen: string }[];
  /** Titles of conversations that need settings or a transport that this broker was not given with. */
  readonly notHeld: readonly string[];
};

/** A run kept in a file. */
export type SavedResults = Results & { readonly broker: string; readonly date: string };

/** @throws {Error} when a file of conversations did not load: the results would not be whole */
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

/** Without the colours, the stack and the name of the class. */
function firstLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  const [line = ""] = message.replaceAll(/\u001b\[\d+m/g, "").split("\n");
  return line.replace(/^\w*Error: /, "").slice(0, 200);
}
