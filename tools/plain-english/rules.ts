// What is not plain English, if a pattern can find it with few false alarms, and what to write instead.

export type Rule = {
  readonly name: string;
  readonly pattern: RegExp;
  /** The pattern counts at the start of a sentence alone. */
  readonly isAtStart?: true;
  readonly instead: string;
  /** Examples for the test: the rule finds each of these … */
  readonly finds: readonly string[];
  /** … and none of these. */
  readonly allows: readonly string[];
};

export const rules: readonly Rule[] = [
  {
    name: "a sentence needs a noun",
    pattern:
      /(?:One|Ones) (?:that|which|whose|who|with|without|for|in|an?)\b|Those (?:that|which|whose|who|with|without|in|of)\b|That of\b|(?:Some|Another|Others) (?:that|which|whose|with)\b/,
    isAtStart: true,
    instead: "begin with a noun: “A session that …”, “The entries of …”",
    finds: [
      "One that is late is discarded.",
      "It ends. Those of its own stay.",
      "That of the client.",
      "One for each topic.",
      "Some that the crash took.",
    ],
    allows: ["One of the two ends.", "One at a time.", "The one that is late.", "Those two are equal."],
  },
  {
    name: "a sentence does not begin with Of",
    pattern: /Of (?!course\b)/,
    isAtStart: true,
    instead: "begin with a noun: “The length of …”, “For sessions from …”",
    finds: ["Of a session from before.", "It stays. Of the others nothing is known."],
    allows: ["Of course.", "The length of a packet."],
  },
  {
    name: "of which",
    pattern: /\b(?:ones?|first|last|that) of which\b|\bof which (?:it|this|that|nobody|nothing|there) /i,
    instead: "two sentences: “The first member whose answer was lost: it may have the message.”",
    finds: [
      "the one of which that is not known",
      "The first of which it could not be found out.",
      "One of which was lost.",
    ],
    allows: ["two queues, each of which has a limit"],
  },
  { name: "amid", pattern: /\bamid(?:st)?\b/i, instead: "during", finds: ["fails amid it"], allows: ["amidships"] },
  {
    name: "a mistake of ours",
    pattern: /\bmistakes? of (?:ours|one's own)\b/i,
    instead: "a bug",
    finds: ["an exception is a mistake of ours"],
    allows: ["the user's mistake"],
  },
  {
    name: "so many",
    pattern: /\bso (?:many|much)\b(?![^.]*\bthat\b)(?! (?:as|else|more|longer|too|later|earlier)\b)/i,
    instead: "the number, “this many”, or another sentence",
    finds: ["after so many messages", "so many are asked at once"],
    allows: ["so many topics that no list shows them"],
  },
  {
    name: "where instead of if",
    pattern:
      /\bwhere (?:there (?:is|are|was|were)|no|none|nobody|nothing|neither|both|all)\b|\b(?:also|only|even|except|but) where\b|; where\b/i,
    instead: "if or when",
    finds: [
      "Where there is none, it waits.",
      "only where it is needed",
      "it goes on; where it fails, it ends",
      "where nobody asks",
    ],
    allows: ["the folder where it is kept", "Where the project is.", "where possible"],
  },
  {
    name: "where at the start of a condition",
    pattern:
      /Where [^.,:;]+, (?!and\b|or\b|as\b|in\b|with\b|if\b|for\b|from\b)[^.]* (?:is|are|was|were|may|has|have|gets?|stays?|says?|ends?)\b/,
    isAtStart: true,
    instead: "if or when",
    finds: ["Where the answer is lost, both have the message."],
    allows: ["Where the event happened, as far as is known, and why.", "Where a login comes from, and whom it names."],
  },
  {
    name: "told",
    pattern:
      /\buntold\b|\btold (?:to (?:the|an?|its|every|each|all|any|others|whoever|no)\b|again\b|anew\b|last\b|meanwhile\b)/i,
    instead: "reported, announced, sent: a thing is not told",
    finds: ["the newest is untold", "is told to the directory", "what was told last"],
    allows: ["is told to end", "clients are told the maximum", "can be told apart"],
  },
  {
    name: "for instead of because",
    pattern:
      /[,:;] for (?:it|they|there|nobody|nothing|we|you|this|that|these|he) (?:is|are|has|have|had|can|could|will|would|may|might|must|does|do|did|was|were|needs?|knows?|cannot|came|comes?)\b/i,
    instead: "because or since",
    finds: ["in plain JavaScript, for it is read first"],
    allows: ["twice: once for it and once for them", "for what it is worth"],
  },
  {
    name: "old words",
    pattern:
      /\b(?:hence|thus|whence|thereof|therein|thereby|thereupon|whereof|wherein|whereby|whereupon|hereby|herein|albeit|lest|upon|shall|whatsoever|likewise|anew|seldom|be it)\b/i,
    instead: "so, in it, by that, although, on, must, again, rarely …",
    finds: ["Hence it ends.", "begins anew", "a client, be it old or new", "is seldom full"],
    allows: ["a new one", "would be its own"],
  },
  {
    name: "as it has it",
    pattern: /\bas (?:[\w.]+ ){0,2}?\S+ ha(?:s|ve) it\b|\bas (?:said|told)\b/i,
    instead: "like mosquitto_pub, as JSON writes it, as MQTT requires",
    finds: ["Without empty ones, as mosquitto_pub has it.", "a value as JSON has it", "It ends, as said."],
    allows: ["as long as it has one"],
  },
  {
    name: "is to be",
    pattern: /\b(?:is|are|was|were) (?:not )?to be\b(?! found)/i,
    instead: "must, should, will or can be",
    finds: ["what is to be known", "is not to be stored"],
    allows: ["nothing seems to be wrong"],
  },
];
