// Files that are dropped or chosen go to the server one by one, a few at a time, each with its result.

const AT_ONCE = 4;
const token = document.querySelector('meta[name="miler-token"]').content;
const [drop, input, work, sum, all, results] =
  ["drop", "files", "work", "sum", "all", "results"].map((id) => document.getElementById(id));

const waiting = [];
const counts = {};
let running = 0, total = 0, done = 0;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text; // never markup: names are other people's
  return made;
}

function add(files) {
  for (const file of files) {
    const item = element("li", "waiting");
    const bar = element("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    item.append(element("bdi", "name", file.name), bar);
    results.append(item);
    waiting.push({ file, item, bar });
    total += 1;
  }
  work.hidden = total === 0;
  tell();
  while (running < AT_ONCE && waiting.length) next();
}

async function next() {
  running += 1;
  while (waiting.length) {
    const one = waiting.shift();
    show(one, await send(one).catch((error) => ({ ending: "failed", message: error.message })));
  }
  running -= 1;
}

function send({ file, bar }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open("POST", `/api/v1/import/generic?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader("X-Miler-Token", token);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
    request.onload = () => {
      try {
        const answer = JSON.parse(request.responseText);
        resolve(request.status < 300 ? answer : { ending: "failed", message: answer.detail });
      } catch {
        reject(new Error(`the server answered ${request.status}`));
      }
    };
    request.onerror = () => reject(new Error("the server did not answer; drop the file again"));
    request.send(file);
  });
}

function show({ item, bar }, { ending, message, activity_ids: numbers = [] }) {
  item.className = ending;
  const said = element("span", "ending", ending);
  if (numbers.length) {
    const link = element("a", "ending", ending);
    link.href = `/activities/${numbers[0]}`;
    bar.replaceWith(link);
  } else {
    bar.replaceWith(said);
  }
  if (message) item.append(element("span", "message", message));
  counts[ending] = (counts[ending] || 0) + 1;
  done += 1;
  tell();
}

function tell() {
  const words = ["imported", "duplicate", "skipped", "failed"].filter((kind) => counts[kind]);
  sum.textContent = `${done} of ${total}` + words.map((kind) => `, ${counts[kind]} ${kind}`).join("");
  all.value = total ? done / total : 0;
}

async function* inside(entry) {
  if (entry.isFile) {
    yield await new Promise((resolve, reject) => entry.file(resolve, reject));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return;
    for (const child of some) yield* inside(child);
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return add(transfer.files);
  const runs = /\.(fit|gpx|tcx)(\.gz)?$|\.zip$/i;
  for (const entry of entries) {
    for await (const file of inside(entry)) {
      if (entry.isFile || runs.test(file.name)) add([file]);
    }
  }
}

input.addEventListener("change", () => { add(input.files); input.value = ""; });
drop.addEventListener("submit", (event) => event.preventDefault());
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  dropped(event.dataTransfer);
});
