// The page that the address names, as in #/live/home%2Fdoor: a page, and what of it is looked at.

import { signal } from "@preact/signals";

export const pageNames = ["live", "devices", "clients", "overview"] as const;
export type PageName = (typeof pageNames)[number];
export type Route = { readonly page: PageName; readonly selected: string | undefined };

export const route = signal<Route>(routeOf(location.hash));

window.addEventListener("hashchange", () => {
  route.value = routeOf(location.hash);
});

export function hrefOf(page: PageName, selected?: string): string {
  return selected === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(selected)}`;
}

export function goTo(page: PageName, selected?: string): void {
  location.hash = hrefOf(page, selected);
}

function routeOf(hash: string): Route {
  const match = /^#\/([a-z]+)(?:\/(.*))?$/.exec(hash);
  const page = pageNames.find((name) => name === match?.[1]) ?? "live";
  return { page, selected: match?.[2] === undefined ? undefined : decodedOf(match[2]) };
}

function decodedOf(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
