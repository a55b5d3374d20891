// Work in pieces, each from a timer of its own, so that the events that come between two pieces do not wait for all of them.

/** The platform allows an object 10,000 timers, and lets calls overtake them: a timer for each piece may be too many. */
const maximumTimers = 100;

export class PieceQueue<Piece> {
  private readonly act: (piece: Piece) => void;
  private readonly onBroken: (error: unknown) => void;
  /** In order, and at least as many as there are timers. */
  private readonly waiting: Piece[] = [];
  private timers = 0;

  /** @param onBroken receives what `act` throws: nobody else would */
  constructor(act: (piece: Piece) => void, onBroken: (error: unknown) => void) {
    this.act = act;
    this.onBroken = onBroken;
  }

  add(piece: Piece): void {
    this.waiting.push(piece);
    if (this.timers < maximumTimers) this.startTimer();
  }

  private startTimer(): void {
    this.timers += 1;
    setTimeout(() => {
      this.timers -= 1;
      const piece = this.waiting.shift() as Piece;
      if (this.waiting.length > this.timers) this.startTimer();
      try {
        this.act(piece);
      } catch (error) {
        this.onBroken(error);
      }
    }, 0);
  }
}
