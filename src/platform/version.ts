import about from "../../package.json" with { type: "json" };

export const brokerVersion: string = about.version;
