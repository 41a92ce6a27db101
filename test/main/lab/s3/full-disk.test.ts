import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { onSmallDisk } from "../../../support/small-disk.ts";
import { codeOf, runS3, textOf } from "./harness.ts";

test("a full disk refuses writes and loses nothing; with room again it goes on", async (context) => {
  await onSmallDisk(context, "8m", async (folder) => {
    let run = await runS3({ folder: path.join(folder, "s3") });
    try {
      const Bucket = "full";
      const client = run.client();
      await client.send(
        new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
      );
      const put = (Key: string, Body: Buffer | string) =>
        codeOf(client.send(new PutObjectCommand({ Bucket, Key, Body })));
      expect(await put("before", "kept")).toBe("none");
      expect(await put("too-big", Buffer.alloc(9_000_000))).toBe("InternalError");

      for (let size = 1_048_576; size >= 1; size = Math.floor(size / 2))
        for (let full = false; !full; )
          try {
            writeFileSync(path.join(folder, "ballast"), Buffer.alloc(size), { flag: "a" });
          } catch {
            full = true;
          }
      expect(await put("while-full", "x".repeat(9000))).toBe("InternalError");
      expect(await textOf((await client.send(new GetObjectCommand({ Bucket, Key: "before" }))).Body)).toBe("kept");

      rmSync(path.join(folder, "ballast"));
      expect([
        await put("after", "x"),
        await codeOf(client.send(new DeleteObjectCommand({ Bucket, Key: "before" }))),
      ]).toEqual(["none", "none"]);
      run = await run.restart();
      const { Contents } = await run.client().send(new ListObjectsV2Command({ Bucket }));
      expect(Contents?.map((one) => one.Key)).toEqual(["after"]);
    } finally {
      await run.stop();
    }
  });
});
