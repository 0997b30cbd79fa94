// What a page changes goes through the API, with the page's own token; forms say what and where.

const token = document.querySelector('meta[name="miler-token"]').content;
const problem = document.getElementById("problem");

// What was left as it was is not said: a surface that the file tells is not to become the runner's word.
function changed(fields) {
  const before = (field) => field.defaultValue ?? [...field.options].find((one) => one.defaultSelected)?.value ?? "";
  const said = fields.filter((field) => field.value !== before(field));
  return Object.fromEntries(said.map((field) => [field.name, field.value || null]));
}

async function send(form) {
  const { action, method, then, body } = form.dataset;
  const init = { method, headers: { "X-Miler-Token": token } };
  const fields = [...form.elements].filter((field) => field.name);
  if (fields.length || body) {
    init.headers["Content-Type"] = "application/json";
    init.body = body ?? JSON.stringify(changed(fields));
  }
  const answer = await fetch(action, init);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  if (then) location.assign(then);
  else location.reload();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.action) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send(form);
  } catch (error) {
    problem.textContent = error.message;
    button.disabled = false;
  }
});

// Two runs are compared, so that a third cannot be chosen.
const choose = document.querySelector("form.choose");
if (choose) {
  const boxes = [...choose.querySelectorAll("input[type=checkbox]")];
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.disabled = chosen >= 2 && !box.checked;
    choose.querySelector("button").disabled = chosen !== 2;
  };
  choose.addEventListener("change", count);
  addEventListener("pageshow", count);
}
