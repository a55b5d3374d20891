import type { Place } from "./context.ts";
export function accessOf(_place: Place) {
  return {
    async apiTokenFor(
      _sha256: string,
    ): Promise<{ readonly id: string; readonly scopes: readonly string[] } | undefined> {
      return undefined;
    },
  };
}
