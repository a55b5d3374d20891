const shapes = {
  live: "M3 12h4l2.5-7 5 14 2.5-7h4",
  devices: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  clients:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c.4-3.6 3-5.6 6.5-5.6s6.1 2 6.5 5.6M16 4.5a3.3 3.3 0 0 1 0 6.2M18.3 14.9c1.8.9 2.9 2.6 3.2 5.1",
  overview: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  api: "M9 4c-3 0-3 1.5-3 4s0 4-3 4c3 0 3 1.5 3 4s0 4 3 4M15 4c3 0 3 1.5 3 4s0 4 3 4c-3 0-3 1.5-3 4s0 4-3 4",
  signOut: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7z",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  check: "M4 12.5l5 5L20 6.5",
  plus: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  open: "M9 5l7 7-7 7",
  refresh: "M20 5v5h-5M4 19v-5h5M5.5 9.5A7.5 7.5 0 0 1 19 8.5L20 10M4 14l1 1.5A7.5 7.5 0 0 0 18.5 14.5",
  close: "M6 6l12 12M18 6L6 18",
  download: "M12 4v11M7 10.5l5 5 5-5M4 20h16",
  clear: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
} as const;

export type IconName = keyof typeof shapes;

/** Hidden from screen readers, because the words beside it or the label of its button say the same. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
