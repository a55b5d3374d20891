// The page and its selected item, from the address, such as #/live/home%2Fdoor.

import { signal } from "@preact/signals";

export const pageNames = ["live", "devices", "clients", "overview", "api"] as const;
export type PageName = (typeof pageNames)[number];
export type Route = { readonly page: PageName; readonly selected: string | undefined };

export const route = signal<Route>(currentRoute());

window.addEventListener("hashchange", () => {
  route.value = currentRoute();
});

export function hrefOf(page: PageName, selected?: string): string {
  return selected === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(selected)}`;
}

export function goTo(page: PageName, selected?: string): void {
  location.hash = hrefOf(page, selected);
}

function currentRoute(): Route {
  const known = routeOf(location.hash);
  // sign-in.ts removes the token from an address that signs in.
  if (known === undefined && !/^(#token=|$)/.test(location.hash)) history.replaceState(null, "", hrefOf("live"));
  return known ?? { page: "live", selected: undefined };
}

/** `undefined` if there is no such page */
function routeOf(hash: string): Route | undefined {
  const match = /^#\/([a-z]+)(?:\/(.*))?$/.exec(hash);
  const page = pageNames.find((name) => name === match?.[1]);
  if (page === undefined) return undefined;
  return { page, selected: match?.[2] === undefined ? undefined : decodedOf(match[2]) };
}

function decodedOf(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
