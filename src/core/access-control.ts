// Who may do what: the one place that decides. Every CONNECT, PUBLISH, SUBSCRIBE and Will is put to it.

import { ReasonCode } from "./packet/reason-code.ts";

export type AccessRequest =
  | {
      readonly action: "connect";
      readonly clientId: string;
      /** The client's own word, or proved with the authentication method. */
      readonly username: string | undefined;
      readonly password: Uint8Array | undefined;
      readonly authenticationMethod: string | undefined;
    }
  | { readonly action: "publish"; readonly clientId: string; readonly topicName: string }
  | { readonly action: "subscribe"; readonly clientId: string; readonly topicFilter: string };

/** @returns Success, or the reason code of the refusal */
export type AccessControl = (request: AccessRequest) => ReasonCode;

/** Everybody may do everything, but nobody may write what the broker says of itself. */
export const openAccess: AccessControl = (request) => {
  if (request.action === "publish" && /^\$SYS(\/|$)/.test(request.topicName)) return ReasonCode.NotAuthorized;
  return ReasonCode.Success;
};
