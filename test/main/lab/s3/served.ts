import type { AddressInfo } from "node:net";
import { createS3 } from "../../../../main/lab/s3/index.ts";
import { KEYS, REGIONS } from "./keys.ts";

// The S3 server as a process of its own, to be measured and killed: prints its port, then its memory when asked.
const s3 = createS3({
  folder: process.argv[2] ?? "",
  regions: REGIONS,
  lookupCredentials: (id) => (id === KEYS.accessKeyId ? KEYS : undefined),
  log: (line) => process.stderr.write(`${line}\n`),
});
const server = s3.createServer();
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
