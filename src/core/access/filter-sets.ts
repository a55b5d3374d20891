// Topic Filters as the sets of Topic Names that they match: whether one holds all of another, or anything of it. MQTT 5.0
// section 4.7; a filter here is the `filter` of a parsed `TopicFilter`.

/** Whether every Topic Name that `filter` matches is matched by `outer` too. */
export function coversFilter(outer: string, filter: string): boolean {
  const outerLevels = outer.split("/");
  const levels = filter.split("/");
  if (isOutOfReach(outerLevels[0], levels[0])) return false;
  // The level above a first "#" is none, so that "+/#" is no less than "#".
  if (filter === "#" && outer === "+/#") return true;
  for (const [index, wide] of outerLevels.entries()) {
    const level = levels[index];
    // "a/#" matches "a" as well.
    if (wide === "#") return true;
    if (level === undefined || level === "#") return false;
    if (wide !== "+" && wide !== level) return false;
  }
  return outerLevels.length === levels.length;
}

/** Whether there is a Topic Name that both match. */
export function overlaps(one: string, other: string): boolean {
  const oneLevels = one.split("/");
  const otherLevels = other.split("/");
  if (isOutOfReach(oneLevels[0], otherLevels[0]) || isOutOfReach(otherLevels[0], oneLevels[0])) return false;
  for (let index = 0; index < oneLevels.length || index < otherLevels.length; index += 1) {
    const oneLevel = oneLevels[index];
    const otherLevel = otherLevels[index];
    if (oneLevel === "#" || otherLevel === "#") return true;
    if (oneLevel === undefined || otherLevel === undefined) return false;
    if (oneLevel !== otherLevel && oneLevel !== "+" && otherLevel !== "+") return false;
  }
  return true;
}

/** A wildcard at the start never reaches a name that starts with `$` [MQTT-4.7.2-1]. */
function isOutOfReach(wide: string | undefined, level: string | undefined): boolean {
  return (wide === "+" || wide === "#") && level !== undefined && level.startsWith("$");
}
