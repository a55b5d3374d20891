// Seeds that have found a mistake of the broker, each with what it was. They are run first, for as long as the world
// they decide stays as it is: a change of the workload or of the faults makes another run of each.

export const regressionSeeds: readonly number[] = [
  // The disk failed amid the tables' first statements: the object never started again ("table session already exists").
  37, 42,
  // A member of a shared subscription had stored a QoS 2 message, and crashed before it answered; asked again, with its
  // client gone, it refused, and another member got a second copy.
  184,
];
