// A change of what an identity may do, as its sessions are told of it.

import type { AccessRules } from "./access-rules.ts";

/** Plain data: it travels from the access object to sessions. */
export type Revision = {
  /** `null` where it is nobody any more: its sessions end, and their Wills are not published. */
  readonly rules: AccessRules | null;
  /** Its secret is another: who is connected has to show it, and nothing remembered counts. */
  readonly mustLogInAgain: boolean;
};
