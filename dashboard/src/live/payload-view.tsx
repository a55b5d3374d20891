// A payload, always as text: the page makes elements of nothing that came from a client.

import { type Content, hexLines } from "./payload.ts";

export function PayloadView({ content }: { content: Content }) {
  switch (content.kind) {
    case "empty":
      return <p class="payload dim">An empty payload.</p>;
    case "number":
      return <p class="payload number">{content.text}</p>;
    case "json":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached with the keyboard.
        <pre class="payload" tabIndex={0}>
          {content.tokens.map(({ kind, text }) =>
            kind === "space" ? text : <span class={`json-${kind}`}>{text}</span>,
          )}
        </pre>
      );
    case "binary":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached with the keyboard.
        <pre class="payload hex" tabIndex={0}>
          {hexLines(content.bytes)}
        </pre>
      );
    case "text":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached with the keyboard.
        <pre class="payload text" tabIndex={0}>
          {content.text}
        </pre>
      );
  }
}
