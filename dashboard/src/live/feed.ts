// What the Live page shows: the messages of its topic filters, in a tree. Messages may come by the thousand each second;
// what is drawn changes a few times a second.

import { signal } from "@preact/signals";
import type { Connection } from "../broker/connection.ts";
import { filtersIn, matches } from "./topic-match.ts";
import { type Message, TopicTree } from "./topic-tree.ts";

const redrawEveryMs = 100;
/** Messages that wait while the page is paused. */
export const maximumWaiting = 5_000;

export class Feed {
  /** Changes whenever there is something new to draw. */
  readonly drawing = signal(0);
  /** One or more, with commas between them. */
  readonly topicFilter = signal("#");
  readonly isPaused = signal(false);
  readonly waitingCount = signal(0);
  readonly messagesPerSec = signal(0);
  tree = new TopicTree();
  private waiting: Message[] = [];
  private messagesThisSecond = 0;
  private drawnAtMs = 0;
  private isDrawingDue = false;
  private readonly second = window.setInterval(() => this.onSecond(), 1_000);

  take(message: Message): void {
    if (!filtersIn(this.topicFilter.value).some((filter) => matches(filter, message.topic))) return;
    this.messagesThisSecond++;
    if (this.isPaused.value) this.hold(message);
    else this.tree.add(message);
    this.draw();
  }

  setPaused(isPaused: boolean): void {
    this.isPaused.value = isPaused;
    if (isPaused) return;
    for (const message of this.waiting.splice(0)) this.tree.add(message);
    this.draw();
  }

  clear(): void {
    this.tree = new TopicTree();
    this.waiting = [];
    this.draw();
  }

  /** @throws what the broker says against it; then all is as it was */
  async changeFilter(topicFilter: string, connection: Connection): Promise<void> {
    const before = { topicFilter: this.topicFilter.value, tree: this.tree };
    // Before the broker is asked: retained messages may come together with its answer.
    this.topicFilter.value = topicFilter;
    this.clear();
    const subscribed: string[] = [];
    try {
      for (const filter of filtersIn(topicFilter)) {
        await connection.subscribe(filter);
        subscribed.push(filter);
      }
    } catch (error) {
      for (const filter of subscribed) await connection.unsubscribe(filter);
      this.topicFilter.value = before.topicFilter;
      this.tree = before.tree;
      this.draw();
      throw error;
    }
    for (const filter of filtersIn(before.topicFilter)) await connection.unsubscribe(filter);
  }

  end(): void {
    window.clearInterval(this.second);
  }

  private hold(message: Message): void {
    this.waiting.push(message);
    if (this.waiting.length > maximumWaiting) this.waiting.shift();
  }

  /** With the browser's next frame, though not more often than people can read. */
  private draw(): void {
    if (this.isDrawingDue) return;
    this.isDrawingDue = true;
    const waitMs = Math.max(0, this.drawnAtMs + redrawEveryMs - Date.now());
    window.setTimeout(() => requestAnimationFrame(() => this.onFrame()), waitMs);
  }

  private onFrame(): void {
    this.isDrawingDue = false;
    this.drawnAtMs = Date.now();
    this.waitingCount.value = this.waiting.length;
    this.drawing.value++;
  }

  private onSecond(): void {
    this.messagesPerSec.value = this.messagesThisSecond;
    this.messagesThisSecond = 0;
  }
}
