// The settings for the session of one client.

import type { SessionSettings } from "../core/session/context.ts";
import { randomId } from "../platform/random-id.ts";
import type { Settings } from "./settings.ts";

export function sessionSettingsOf(settings: Settings, clientId: string): SessionSettings {
  const { limits, capabilities, responseInformation, topicShards, topicEpoch, anonymousRules, scramUsers } = settings;
  const layout = `${topicEpoch}/${topicShards}`;
  return {
    clientId,
    limits,
    capabilities,
    responseInformation,
    topicShards,
    layout,
    anonymousRules,
    scramUsers,
    randomId,
  };
}
