// What the Live page shows: the messages of its topic filters, in a tree. Thousands of messages may come each second,
// but the page is drawn only a few times per second.

import { signal } from "@preact/signals";
import type { Connection } from "../broker/connection.ts";
import { matches } from "./topic-match.ts";
import { type Message, TopicTree } from "./topic-tree.ts";

const redrawEveryMs = 100;
/** Messages that wait while the page is paused. */
export const maximumWaiting = 5_000;

export class Feed {
  /** Changes when there is something new to draw. */
  readonly drawing = signal(0);
  /** The topic filters that are subscribed to, in the order in which they were added. */
  readonly filters = signal<readonly string[]>(["#"]);
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
    if (!this.wants(message.topic)) return;
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

  /** @throws the broker's refusal; then nothing has changed */
  async add(topicFilter: string, connection: Connection): Promise<void> {
    if (this.filters.value.includes(topicFilter)) return;
    // Set before the broker is asked, because retained messages may come together with its answer.
    this.filters.value = [...this.filters.value, topicFilter];
    try {
      await connection.subscribe(topicFilter);
    } catch (error) {
      this.drop(topicFilter);
      throw error;
    }
  }

  /** Messages that matched only this filter are no longer shown. */
  async remove(topicFilter: string, connection: Connection): Promise<void> {
    this.drop(topicFilter);
    await connection.unsubscribe(topicFilter);
  }

  end(): void {
    window.clearInterval(this.second);
  }

  private wants(topic: string): boolean {
    return this.filters.value.some((filter) => matches(filter, topic));
  }

  private drop(topicFilter: string): void {
    this.filters.value = this.filters.value.filter((filter) => filter !== topicFilter);
    this.tree = this.tree.only((topic) => this.wants(topic));
    this.waiting = this.waiting.filter(({ topic }) => this.wants(topic));
    this.draw();
  }

  private hold(message: Message): void {
    this.waiting.push(message);
    if (this.waiting.length > maximumWaiting) this.waiting.shift();
  }

  /** Draws with the browser's next frame, but no more often than people can read. */
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
