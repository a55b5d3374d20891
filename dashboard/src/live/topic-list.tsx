// The tree of topics. Only the lines in view are in the page, so that thousands of topics cost no more than a screenful.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { countText } from "../parts/formats.ts";
import { goTo } from "../route.ts";
import type { Feed } from "./feed.ts";
import { summaryOfMessage } from "./message-content.ts";
import { Expansion, type Row, rowsOf } from "./rows.ts";
import type { TopicNode } from "./topic-tree.ts";

const rowPx = 32;
const spareRows = 8;
/** How long a line is highlighted after a message. */
const freshMs = 600;

type TopicListProps = { readonly feed: Feed; readonly search: string; readonly selected: string | undefined };

export function TopicList({ feed, search, selected }: TopicListProps) {
  const expansion = useSignal(new Expansion());
  const focused = useSignal<string | undefined>(selected);
  const view = useSignal({ top: 0, height: 600 });
  const box = useRef<HTMLDivElement>(null);
  feed.drawing.value;
  const rows = rowsOf(feed.tree.root, expansion.value, search);
  const first = Math.max(0, Math.floor(view.value.top / rowPx) - spareRows);
  const last = Math.ceil((view.value.top + view.value.height) / rowPx) + spareRows;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => {
      view.value = { top: element.scrollTop, height: element.clientHeight };
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => sizes.disconnect();
  }, []);

  const toggle = ({ node, isExpanded }: Row) => {
    expansion.value = expansion.value.with(node, !isExpanded);
  };
  const choose = (row: Row) => {
    focused.value = row.node.topic;
    if (row.node.history.length > 0) goTo("live", row.node.topic);
    else toggle(row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const index = rows.findIndex(({ node }) => node.topic === focused.value);
    const target = targetOf(event.key, rows, index);
    const row = rows[index];
    if (target !== undefined) {
      focused.value = rows[target]?.node.topic;
      scrollTo(box.current, target);
    } else if (row !== undefined && (event.key === "Enter" || event.key === " ")) choose(row);
    else if (row !== undefined && isToggle(event.key, row)) toggle(row);
    else return;
    event.preventDefault();
  };

  const hasFocused = rows.slice(first, last).some(({ node }) => node.topic === focused.value);
  return (
    <div
      ref={box}
      class="tree"
      role="tree"
      aria-label="Topics, by their levels"
      aria-activedescendant={hasFocused && focused.value !== undefined ? idOf(focused.value) : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onFocus={() => {
        focused.value ??= rows[0]?.node.topic;
      }}
    >
      {rows.length === 0 && <Nothing isSearching={search !== ""} feed={feed} />}
      <div role="presentation" style={{ height: `${rows.length * rowPx}px` }}>
        {rows.slice(first, last).map((row, index) => (
          <TopicRow
            key={row.node.topic}
            row={row}
            topPx={(first + index) * rowPx}
            isSelected={row.node.topic === selected}
            isFocused={row.node.topic === focused.value}
            onChoose={() => choose(row)}
            onToggle={() => toggle(row)}
          />
        ))}
      </div>
    </div>
  );
}

function Nothing({ isSearching, feed }: { isSearching: boolean; feed: Feed }) {
  if (isSearching) return <p class="nothing dim">No topic matches your search.</p>;
  const filters = feed.filters.value;
  if (filters.length === 0) return <p class="nothing dim">Add a topic filter, such as # for everything.</p>;
  return <p class="nothing dim">No messages for {filters.join(" or ")} yet. New messages appear here.</p>;
}

type TopicRowProps = {
  readonly row: Row;
  readonly topPx: number;
  readonly isSelected: boolean;
  readonly isFocused: boolean;
  onChoose(): void;
  onToggle(): void;
};

function TopicRow({ row: { node, isExpanded }, topPx, isSelected, isFocused, onChoose, onToggle }: TopicRowProps) {
  const message = node.history.at(-1);
  const hasChildren = node.children.length > 0;
  const isFresh = message !== undefined && Date.now() - message.atMs < freshMs;
  const marks = `${isSelected ? "selected " : ""}${isFocused ? "focused " : ""}${isFresh ? "fresh" : ""}`;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys for all its lines.
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and says which line is meant.
    <div
      class={`row ${marks}`}
      role="treeitem"
      id={idOf(node.topic)}
      aria-level={node.depth + 1}
      aria-expanded={hasChildren ? isExpanded : undefined}
      aria-selected={isSelected}
      title={node.topic.length > 30 ? node.topic : undefined}
      style={{ top: `${topPx}px`, height: `${rowPx}px`, paddingLeft: `${Math.min(node.depth, 10) * 16 + 6}px` }}
      onClick={onChoose}
    >
      <span
        class={`twisty ${hasChildren ? "" : "none"} ${isExpanded ? "open" : ""}`}
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation();
          onToggle();
        }}
      />
      <span class="level">{node.level === "" ? <i>empty level</i> : node.level}</span>
      {hasChildren && !isExpanded && <span class="count">{countText(belowOf(node))}</span>}
      {message !== undefined && <span class="last">{summaryOfMessage(message)}</span>}
    </div>
  );
}

function belowOf({ topicCount, history }: TopicNode): number {
  return topicCount - (history.length > 0 ? 1 : 0);
}

function idOf(topic: string): string {
  return `topic-${encodeURIComponent(topic)}`;
}

function isToggle(key: string, { node, isExpanded }: Row): boolean {
  return node.children.length > 0 && (key === "ArrowRight" ? !isExpanded : key === "ArrowLeft" && isExpanded);
}

/** The line that a key leads to from the line at `index`, as usual for trees; `undefined` for other keys. */
function targetOf(key: string, rows: readonly Row[], index: number): number | undefined {
  const row = rows[index];
  if (key === "ArrowDown") return Math.min(index + 1, rows.length - 1);
  if (key === "ArrowUp") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return rows.length - 1;
  if (key === "ArrowRight" && row?.isExpanded) return index + 1;
  if (key === "ArrowLeft" && row !== undefined && !row.isExpanded && row.node.depth > 0) {
    return rows.slice(0, index).findLastIndex(({ node }) => node.depth < row.node.depth);
  }
  return undefined;
}

function scrollTo(box: HTMLElement | null, index: number): void {
  if (box === null) return;
  const top = index * rowPx;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowPx > box.scrollTop + box.clientHeight) box.scrollTop = top + rowPx - box.clientHeight;
}
