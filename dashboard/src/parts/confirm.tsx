// A question before an action that cannot be undone.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lineOf } from "../api/api.ts";
import { Fault } from "./fault.tsx";

export type Confirmation = {
  readonly question: string;
  readonly consequence: string;
  /** The word on the button. */
  readonly action: string;
  act(): Promise<void>;
};

const asked = signal<Confirmation | undefined>(undefined);
const failure = signal("");
const isBusy = signal(false);

export function confirm(confirmation: Confirmation): void {
  failure.value = "";
  asked.value = confirmation;
}

export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const confirmation = asked.value;
  useEffect(() => {
    if (confirmation === undefined) dialog.current?.close();
    else if (!dialog.current?.open) dialog.current?.showModal();
  }, [confirmation]);
  const close = () => {
    asked.value = undefined;
  };
  const act = async () => {
    isBusy.value = true;
    try {
      await confirmation?.act();
      close();
    } catch (error) {
      failure.value = lineOf(error);
    }
    isBusy.value = false;
  };
  return (
    <dialog ref={dialog} class="dialog" onClose={close} aria-labelledby="question" aria-describedby="consequence">
      <h2 id="question">{confirmation?.question}</h2>
      <p id="consequence">{confirmation?.consequence}</p>
      <Fault line={failure.value} />
      <div class="actions end">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="button danger" disabled={isBusy.value} onClick={() => void act()}>
          {confirmation?.action}
        </button>
      </div>
    </dialog>
  );
}
