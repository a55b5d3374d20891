import { version } from "../package.json";

export const brokerVersion: string = version;
