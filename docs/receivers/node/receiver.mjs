#!/usr/bin/env node
// A receiver of advice: checks what comes, keeps it, answers, and only then does its own work.
//
// usage: receiver.mjs --secret FILE [--port PORT] [--store FILE]
//
// It needs Node 18.3 or newer and nothing else. FILE holds the secret that the sender gave you (whsec_...);
// while it is changed for another, both, one a line. Copy this program and put your own work into `show`; the
// page "Receiving" (docs/receiving.md) says why it does what it does.
//
// It listens on this machine only. Put a web server with TLS before it that passes the body on unchanged.
import { createHmac, timingSafeEqual } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const tolerance = 300; // seconds that webhook-timestamp may be off
const bodyLimit = 1 << 20; // bytes; more is not read

async function readSecrets(path) {
    const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
    const secrets = lines.filter((line) => line && !line.startsWith("#"));
    if (secrets.length === 0 || !secrets.every((secret) => /^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(secret))) {
        console.error(`${path}: secrets that begin with whsec_ are expected, one a line`);
        process.exit(1);
    }
    return secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
}

/** Why a request is not to be trusted; null where it is new, and signed with one of the secrets. */
function fault(headers, body, secrets, now) {
    const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    const [id, timestamp, signatures] = names.map((name) => headers[name] ?? "");
    if (!/^[0-9]{1,15}$/.test(timestamp)) return "there is no webhook-timestamp";
    if (Math.abs(now - Number(timestamp)) > tolerance) return "webhook-timestamp is more than 5 minutes off";
    for (const secret of secrets) {
        const code = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest("base64");
        const expected = Buffer.from(`v1,${code}`);
        for (const signature of signatures.split(" ").map((entry) => Buffer.from(entry))) {
            // Not ===, which takes the longer the more is right: that would tell a forger the way.
            if (signature.length === expected.length && timingSafeEqual(signature, expected)) return null;
        }
    }
    return "no signature matches";
}

// ---- The store: a line is added for each delivery, and another when its work is done ----------------------

class Store {
    /** webhook-id → a promise that it is on the disk. A few hundred a year: none is ever dropped. */
    kept = new Map();
    undone = new Map();
    written = Promise.resolve();
    working = Promise.resolve();

    static async open(path) {
        const store = new Store();
        store.file = await open(path, "a");
        for (const line of (await readFile(path, "utf8")).split("\n")) {
            let entry;
            try {
                entry = JSON.parse(line);
            } catch {
                continue; // an empty line, or one that was broken off: its delivery had no 2xx and came again
            }
            if (entry.body !== undefined) {
                store.kept.set(entry.id, Promise.resolve());
                store.undone.set(entry.id, entry.body);
            } else if (store.undone.has(entry.done)) {
                remember(JSON.parse(store.undone.get(entry.done)));
                store.undone.delete(entry.done);
            }
        }
        return store;
    }

    /** Keeps a delivery, once. When this comes true it is on the disk: not before may the answer be a 2xx. */
    keep(id, body) {
        if (!this.kept.has(id)) {
            const written = this.append({ id, at: new Date().toISOString(), body });
            this.kept.set(id, written.then(() => void this.undone.set(id, body)));
            written.catch(() => this.kept.delete(id));
        }
        return this.kept.get(id);
    }

    /** Does the work for what was kept and not done yet, also by an earlier run that was broken off. */
    catchUp() {
        this.working = this.working.then(async () => {
            for (const [id, body] of [...this.undone]) {
                try {
                    await work(JSON.parse(body));
                    await this.append({ done: id });
                    this.undone.delete(id);
                } catch (error) {
                    console.error(error); // it stays undone, and is taken up again with the next delivery
                }
            }
        });
        return this.working;
    }

    /** One after the other. A line end before each, so that one that was broken off spoils no other. */
    append(entry) {
        const write = async () => {
            await this.file.appendFile(`\n${JSON.stringify(entry)}\n`);
            await this.file.datasync();
        };
        this.written = this.written.then(write, write);
        return this.written;
    }
}

// ---- The work ---------------------------------------------------------------------------------------------

async function work(event) {
    const { type, data } = event;
    if (isPoint(event)) await takePoint(event);
    if (type === "advice.series.completed") await show(`The series is complete: ${data.series.title}`);
    if (type === "advice.alert") await show(`Alert (${data.severity}): ${data.title}\n\n${data.text}`);
    if (type === "advice.test") await show("A test arrived.");
    // Any other type is newer than this program. It has had its 2xx; there is nothing to do.
}

function isPoint({ type }) {
    return /^advice\.point\.(released|revised|withdrawn)$/.test(type);
}

async function takePoint(event) {
    const { point, release, notice } = event.data;
    const { points, known, newest } = around(event);
    if (known && known.release.revision >= release.revision) return; // an older text of what we have
    const isWithdrawn = event.type === "advice.point.withdrawn";
    const text = [point.title, point.body_text, notice].filter(Boolean).join("\n\n");
    if (known) await show(`${isWithdrawn ? "Withdrawn" : "Corrected"}: ${text}`);
    else if (release.sequence > newest && !isWithdrawn) await show(text);
    // Else it came late: it has its place among the others by its sequence, and is not the newest.
    points.set(point.id, event.data);
}

/** What was done by an earlier run. */
function remember(event) {
    if (!isPoint(event)) return;
    const { points, known } = around(event);
    if (!known || known.release.revision < event.data.release.revision) {
        points.set(event.data.point.id, event.data);
    }
}

/** By series and edition: the points by their id, each with its latest text. */
const editions = new Map();

function around({ data: { series, point } }) {
    const edition = `${series.id} ${series.edition}`;
    if (!editions.has(edition)) editions.set(edition, new Map());
    const points = editions.get(edition);
    const newest = Math.max(0, ...[...points.values()].map(({ release }) => release.sequence));
    return { points, known: points.get(point.id), newest };
}

async function show(text) {
    console.log(`\n${text}`);
}

// ---- The requests -----------------------------------------------------------------------------------------

async function receive(request, secrets, store) {
    if (request.method !== "POST") return [405];
    const length = request.headers["content-length"];
    if (length === undefined) return [411];
    if (Number(length) > bodyLimit) return [413];
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const why = fault(request.headers, body, secrets, Date.now() / 1000);
    if (why) {
        console.log(`refused: ${why}`);
        return [401];
    }
    let event;
    try {
        event = JSON.parse(body.toString("utf8"));
    } catch {
        return [400];
    }
    if (typeof event?.type !== "string" || !(event.data instanceof Object)) return [400];
    if (event.type === "advice.endpoint.verify") return [200, String(event.data.challenge)];
    try {
        await store.keep(request.headers["webhook-id"], body.toString("utf8"));
    } catch (error) {
        console.log(`not kept: ${error.message}`);
        return [503]; // it will come again
    }
    return [204];
}

const { values: options } = parseArgs({
    options: {
        secret: { type: "string" },
        port: { type: "string", default: "8332" }, // 0 takes a free one
        store: { type: "string", default: "deliveries.jsonl" },
    },
});
if (!options.secret) {
    console.error("usage: receiver.mjs --secret FILE [--port PORT] [--store FILE]");
    process.exit(64);
}
const secrets = await readSecrets(options.secret);
const store = await Store.open(options.store);
await store.catchUp();
const server = createServer(async (request, response) => {
    try {
        const [status, reply = ""] = await receive(request, secrets, store);
        response.writeHead(status, { "content-type": "text/plain" }).end(reply);
        if (status === 204) await store.catchUp();
    } catch {
        response.destroy(); // the sender went away in the middle
    }
});
server.requestTimeout = 15_000; // milliseconds
server.listen(Number(options.port), "127.0.0.1", () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}/`);
});
