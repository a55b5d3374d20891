// Collects the packets of one event into WebSocket frames. Boards lose what is over 15 KiB or fragmented: packets
// share a frame up to 4 KiB, and a larger one goes alone, whole.

const maximumSharedBytes = 4_096;

export class FrameBuffer {
  private packets: Uint8Array[] = [];
  private bytes = 0;
  private readonly send: (frame: Uint8Array) => void;

  constructor(send: (frame: Uint8Array) => void) {
    this.send = send;
  }

  add(packet: Uint8Array): void {
    if (this.bytes + packet.length > maximumSharedBytes) this.flush();
    this.packets.push(packet);
    this.bytes += packet.length;
  }

  flush(): void {
    const [only] = this.packets;
    if (only === undefined) return;
    this.send(this.packets.length === 1 ? only : this.joined());
    this.packets = [];
    this.bytes = 0;
  }

  private joined(): Uint8Array {
    const frame = new Uint8Array(this.bytes);
    let offset = 0;
    for (const packet of this.packets) {
      frame.set(packet, offset);
      offset += packet.length;
    }
    return frame;
  }
}
