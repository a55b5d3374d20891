/** What was asked for cannot be done as it was asked; the message is one line that says what to do. */
export class UsageError extends Error {}
