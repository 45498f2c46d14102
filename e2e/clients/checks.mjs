// Shared by the scripts of the two Node clients: counting checks, and reading the server's address.

let count = 0;
let where = "";

/** Sets the context of the following checks, for messages. */
export function at(place) {
  where = place;
}

/** Counts a check. Ends the program if it fails. */
export function check(name, actual, expected) {
  count += 1;
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    fail(`${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

/** Counts a check that a condition is true. */
export function checkThat(name, holds, seen) {
  count += 1;
  if (!holds) {
    fail(`${name}: saw ${JSON.stringify(seen)}`);
  }
}

/** Counts a check that a promise is rejected with a message that matches `pattern`. */
export async function checkError(name, promise, pattern) {
  count += 1;
  try {
    const answer = await promise;
    fail(`${name}: was not refused, returned ${JSON.stringify(answer)}`);
  } catch (error) {
    if (!pattern.test(error.message)) {
      fail(`${name}: refused with ${error.message}`);
    }
  }
}

/** The addresses to test: TCP, and the Unix socket if `--socket` or REDIS_SOCKET is set. */
export function places() {
  const given = (name, fallback) => {
    const position = process.argv.indexOf(`--${name}`);
    return position === -1 ? (process.env[`REDIS_${name.toUpperCase()}`] ?? fallback) : process.argv[position + 1];
  };
  const password = given("password");
  const tcp = { place: "tcp", host: given("host", "127.0.0.1"), port: Number(given("port", "7379")), password };
  const socket = given("socket");
  return socket ? [tcp, { place: "socket", socket, password }] : [tcp];
}

/** Polls until the result fits or five seconds have passed. */
export async function eventually(ask, fits) {
  const end = Date.now() + 5000;
  let answer = await ask();
  while (!fits(answer) && Date.now() < end) {
    await new Promise((later) => setTimeout(later, 5));
    answer = await ask();
  }
  return answer;
}

/** Runs the checks for every address and protocol version and prints their number. Exits with 1 if a check fails. */
export async function everywhere(run) {
  const watchdog = setTimeout(() => fail("timed out after two minutes"), 120_000);
  try {
    for (const place of places()) {
      await run(place);
    }
  } catch (error) {
    fail(error.stack ?? String(error));
  }
  clearTimeout(watchdog);
  console.log(`ok ${count} checks`);
}

function fail(message) {
  console.error(`failed: ${where}: ${message}`);
  process.exit(1);
}
