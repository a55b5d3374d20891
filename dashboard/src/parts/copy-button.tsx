import { useSignal } from "@preact/signals";
import { Icon } from "./icon.tsx";

const sayCopiedMs = 2_000;

type CopyButtonProps = {
  readonly text: string | (() => string);
  readonly what: string;
  readonly isQuiet?: boolean;
};

/**
 * @param text the text, or a function that makes it, if that takes long
 * @param what the name of the text for screen readers, such as "the token"
 * @param isQuiet shows an icon instead of a word
 */
export function CopyButton({ text, what, isQuiet = false }: CopyButtonProps) {
  const outcome = useSignal<"" | "Copied" | "Select it by hand">("");
  const copy = async () => {
    outcome.value = await writeToClipboard(typeof text === "string" ? text : text()).then(
      () => "Copied" as const,
      () => "Select it by hand" as const,
    );
    window.setTimeout(() => {
      outcome.value = "";
    }, sayCopiedMs);
  };
  return (
    <button
      type="button"
      class={`button ${isQuiet ? "quiet" : "small"}`}
      aria-label={`Copy ${what}`}
      onClick={() => void copy()}
    >
      <Icon name={outcome.value === "Copied" ? "check" : "copy"} />
      <span aria-live="polite">{outcome.value || (isQuiet ? "" : "Copy")}</span>
    </button>
  );
}

/** Pages without TLS, such as those of a machine in the LAN, lack the modern clipboard. */
async function writeToClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (!isCopied) throw new Error("the browser does not copy");
}
