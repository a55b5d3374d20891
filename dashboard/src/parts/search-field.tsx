import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** How long the field waits for more letters, because each search is a request. */
const pauseMs = 200;

type SearchFieldProps = {
  /** For screen readers. */
  readonly label: string;
  readonly placeholder: string;
  /** Called with the new text when the user has stopped typing. */
  readonly onSearch: (text: string) => void;
};

export function SearchField({ label, placeholder, onSearch }: SearchFieldProps) {
  const text = useSignal("");
  const searched = useSignal("");
  useEffect(() => {
    if (text.value === searched.value) return;
    const timer = window.setTimeout(() => {
      searched.value = text.value;
      onSearch(text.value.trim());
    }, pauseMs);
    return () => window.clearTimeout(timer);
  }, [text.value]);
  return (
    <input
      type="search"
      class="grow"
      aria-label={label}
      placeholder={placeholder}
      value={text.value}
      onInput={(event) => {
        text.value = event.currentTarget.value;
      }}
    />
  );
}
