// Shows a payload in one of several ways. The page makes no HTML from what clients send: it shows text, or an image of
// a kind that cannot contain a program.

import { type Signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { CopyButton } from "../parts/copy-button.tsx";
import { bytesText } from "../parts/formats.ts";
import { Icon } from "../parts/icon.tsx";
import { type Image, maximumPixels } from "./image.ts";
import { contentOfMessage } from "./message-content.ts";
import {
  type Content,
  fileNameOf,
  hexLines,
  hexOf,
  imageText,
  looseText,
  shownBytes,
  type ViewName,
  viewsOf,
} from "./payload.ts";
import type { Message } from "./topic-tree.ts";

/** @param chosen kept for the next message of the topic, if it can be shown that way too */
export function PayloadView({ message, chosen }: { message: Message; chosen: Signal<ViewName | undefined> }) {
  const content = contentOfMessage(message);
  const views = viewsOf(content);
  const view = views.find((name) => name === chosen.value) ?? views[0];
  if (view === undefined) return <p class="payload dim">An empty payload.</p>;
  const { payload, payloadBytes } = message;
  const isWhole = payload.length === payloadBytes;
  const laidOutBytes = view === "image" ? payload.length : Math.min(payload.length, shownBytes);
  return (
    <div class="payload-box">
      <div class="bar">
        <label class="inline">
          <span>Payload as</span>
          <select
            value={view}
            onChange={(event) => {
              chosen.value = event.currentTarget.value as ViewName;
            }}
          >
            {views.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <span class="grow" />
        <CopyButton text={() => copyOf(view, payload, content)} what="the payload" />
        <button
          type="button"
          class="button small download"
          aria-label="Download the payload"
          title="Download"
          disabled={!isWhole}
          onClick={() => download(payload, fileNameOf(message.topic, content))}
        >
          <Icon name="download" />
          <span>Download</span>
        </button>
      </div>
      <Shown view={view} content={content} payload={payload} />
      {laidOutBytes < payloadBytes && (
        <p class="notice">
          The first {bytesText(laidOutBytes)} of {bytesText(payloadBytes)} are shown.{" "}
          {isWhole ? "A copy or a download has all of it." : "This page had no room to keep the rest."}
        </p>
      )}
    </div>
  );
}

function Shown({ view, content, payload }: { view: ViewName; content: Content; payload: Uint8Array }) {
  if (view === "image" && content.kind === "image") return <ImageView image={content.image} payload={payload} />;
  if (view === "JSON" && content.kind === "json") {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach what scrolls.
      <pre class="payload" tabIndex={0}>
        {content.tokens.map(({ kind, text }) => (kind === "space" ? text : <span class={`json-${kind}`}>{text}</span>))}
      </pre>
    );
  }
  if (view === "text" && content.kind === "number") return <p class="payload number">{content.text}</p>;
  return <Lines view={view} content={content} payload={payload} />;
}

function Lines({ view, content, payload }: { view: ViewName; content: Content; payload: Uint8Array }) {
  const text = useMemo(() => {
    const shown = payload.subarray(0, shownBytes);
    if (view === "hex") return hexLines(shown);
    return content.kind === "text" ? content.text : looseText(shown);
  }, [view, content, payload]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach what scrolls.
    <pre class={`payload ${view === "hex" ? "hex" : "text"}`} tabIndex={0}>
      {text}
    </pre>
  );
}

function ImageView({ image, payload }: { image: Image; payload: Uint8Array }) {
  const failed = useSignal<Uint8Array | undefined>(undefined);
  const address = useMemo(() => dataAddress(image, payload), [payload]);
  if (image.width * image.height > maximumPixels) {
    return <p class="notice">{imageText(image)}: too many pixels to show here. Download it to look at it.</p>;
  }
  if (failed.value === payload) {
    return <p class="notice">The browser cannot show this {imageText(image)}: choose hex to see its bytes.</p>;
  }
  return (
    <figure class="payload image">
      <img
        src={address}
        alt="The payload"
        onError={() => {
          failed.value = payload;
        }}
      />
      <figcaption class="dim">{imageText(image)}</figcaption>
    </figure>
  );
}

/** The whole payload, and not only the part that is shown. */
function copyOf(view: ViewName, payload: Uint8Array, content: Content): string {
  if (view === "hex") return hexOf(payload);
  return content.kind === "image" ? dataAddress(content.image, payload) : looseText(payload);
}

function dataAddress({ type }: Image, payload: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < payload.length; start += 8_192)
    parts.push(String.fromCharCode(...payload.subarray(start, start + 8_192)));
  return `data:${type};base64,${btoa(parts.join(""))}`;
}

function download(payload: Uint8Array, name: string): void {
  // Not its real type: a browser that opens the file instead of saving it must not run it.
  const address = URL.createObjectURL(new Blob([payload.slice()], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
