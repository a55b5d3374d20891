// The topics of the received messages, as a tree of their levels, with the last messages of each. Bounded in topics,
// messages and bytes, because a broker may carry more than a page can hold.

import type { Properties } from "./properties.ts";

export type Message = {
  readonly topic: string;
  /** Only the first bytes, if there was no room for all. */
  readonly payload: Uint8Array;
  readonly payloadBytes: number;
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
  /** The properties of MQTT 5.0. */
  readonly properties?: Properties | undefined;
  readonly atMs: number;
  /** When the page had last subscribed to anything at that time. */
  readonly subscribedAtMs: number;
};

export type TopicNode = {
  readonly level: string;
  readonly topic: string;
  /** 0 for a topic's first level. */
  readonly depth: number;
  /** In alphabetical order. */
  readonly children: TopicNode[];
  /** Counts of this topic and all topics below it. */
  messageCount: number;
  topicCount: number;
  /** The messages of this topic itself, newest last; empty if it is only a level of other topics. */
  readonly history: Message[];
};

export type TreeLimits = {
  /** Topics with messages. */
  readonly topics: number;
  /** Topics, and levels that are only a part of others. Bounds the memory of long topics. */
  readonly nodes: number;
  readonly messagesPerTopic: number;
  readonly messages: number;
  /** Includes properties. The last message of each topic always stays, so the total may be larger. */
  readonly payloadBytes: number;
  /** How much of the payload of a topic's last message stays when there is no room for all of it. */
  readonly bytesPerPayload: number;
};

export const treeLimits: TreeLimits = {
  topics: 5_000,
  nodes: 50_000,
  messagesPerTopic: 200,
  messages: 50_000,
  payloadBytes: 64 * 1024 * 1024,
  bytesPerPayload: 64 * 1024,
};

export class TopicTree {
  readonly root: TopicNode = newNode("", "", -1);
  nodeCount = 0;
  /** Messages whose topics had no room. */
  messagesWithoutRoom = 0;
  private readonly limits: TreeLimits;
  private readonly nodes = new Map<string, TopicNode>();
  /** Topics in the order in which their oldest messages will be dropped. */
  private order: TopicNode[] = [];
  private orderBegin = 0;
  private keptMessages = 0;
  private keptBytes = 0;

  constructor(limits: TreeLimits = treeLimits) {
    this.limits = limits;
  }

  node(topic: string): TopicNode | undefined {
    return this.nodes.get(topic);
  }

  add(message: Message): void {
    const isKnown = (this.nodes.get(message.topic)?.history.length ?? 0) > 0;
    const path = isKnown || this.root.topicCount < this.limits.topics ? this.pathTo(message.topic) : undefined;
    const node = path?.at(-1);
    if (path === undefined || node === undefined) {
      this.messagesWithoutRoom++;
      return;
    }
    for (const above of [this.root, ...path]) {
      above.messageCount++;
      if (!isKnown) above.topicCount++;
    }
    // A copy, because a view would keep the whole received frame in memory.
    node.history.push({ ...message, payload: message.payload.slice() });
    this.order.push(node);
    this.keptMessages++;
    this.keptBytes += keptBytesOf(message);
    if (node.history.length > this.limits.messagesPerTopic) this.dropOldestOf(node);
    this.dropOldest();
  }

  /** A tree with only the wanted topics and their kept messages. */
  only(isWanted: (topic: string) => boolean): TopicTree {
    const tree = new TopicTree(this.limits);
    const wanted = [...this.nodes.values()].filter(({ topic, history }) => history.length > 0 && isWanted(topic));
    const messages = wanted.flatMap(({ history }) => history).sort((one, other) => one.atMs - other.atMs);
    for (const message of messages) tree.add(message);
    return tree;
  }

  /**
   * The nodes from a topic's first level to its last, made if they are new; `undefined` if there is no room for them.
   */
  private pathTo(topic: string): TopicNode[] | undefined {
    const levels = topic.split("/");
    const path: TopicNode[] = [];
    let parent = this.root;
    let prefix = "";
    for (const [depth, level] of levels.entries()) {
      prefix = depth === 0 ? level : `${prefix}/${level}`;
      let node = this.nodes.get(prefix);
      if (node === undefined) {
        if (this.nodeCount + levels.length - depth > this.limits.nodes) return undefined;
        node = newNode(level, prefix, depth);
        insert(parent.children, node);
        this.nodes.set(prefix, node);
        this.nodeCount++;
      }
      path.push(node);
      parent = node;
    }
    return path;
  }

  /**
   * The entry in `order` of a message that was dropped early stands for a newer one of the same topic, which is near
   * enough.
   */
  private dropOldest(): void {
    const { messages, payloadBytes } = this.limits;
    while (this.orderBegin < this.order.length && (this.keptMessages > messages || this.keptBytes > payloadBytes)) {
      const node = this.order[this.orderBegin++];
      if (node === undefined) continue;
      if (node.history.length > 1) this.dropOldestOf(node);
      else this.cutLastOf(node);
    }
    if (this.order.length > 2 * (messages + this.limits.nodes)) this.order = this.order.slice(-messages);
    if (this.orderBegin > messages) {
      this.order = this.order.slice(this.orderBegin);
      this.orderBegin = 0;
    }
  }

  private dropOldestOf(node: TopicNode): void {
    const message = node.history.shift();
    if (message === undefined) return;
    this.keptMessages--;
    this.keptBytes -= keptBytesOf(message);
  }

  private cutLastOf({ history }: TopicNode): void {
    const [message] = history;
    if (message === undefined || message.payload.length <= this.limits.bytesPerPayload) return;
    const cut = { ...message, payload: message.payload.slice(0, this.limits.bytesPerPayload) };
    history[0] = cut;
    this.keptBytes += keptBytesOf(cut) - keptBytesOf(message);
  }
}

function keptBytesOf({ payload, properties }: Message): number {
  return payload.length + (properties?.bytes ?? 0);
}

function newNode(level: string, topic: string, depth: number): TopicNode {
  return { level, topic, depth, children: [], messageCount: 0, topicCount: 0, history: [] };
}

function insert(children: TopicNode[], node: TopicNode): void {
  let from = 0;
  let to = children.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((children[middle]?.level ?? "") < node.level) from = middle + 1;
    else to = middle;
  }
  children.splice(from, 0, node);
}
