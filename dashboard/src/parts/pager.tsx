import { Icon } from "./icon.tsx";

type PagerProps = {
  /** Which page this is, as in "Page 2" or "51–100 of 5,000". */
  readonly text: string;
  /** `undefined` if there is none. */
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
};

export function Pager({ text, onPrevious, onNext }: PagerProps) {
  return (
    <div class="bar pager">
      <button
        type="button"
        class="button quiet"
        aria-label="Previous page"
        disabled={onPrevious === undefined}
        onClick={onPrevious}
      >
        <Icon name="back" />
      </button>
      <span class="dim">{text}</span>
      <button
        type="button"
        class="button quiet"
        aria-label="Next page"
        disabled={onNext === undefined}
        onClick={onNext}
      >
        <Icon name="open" />
      </button>
    </div>
  );
}
