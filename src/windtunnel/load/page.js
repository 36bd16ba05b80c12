// A line through all charts over time at the pointer's second, with that second's figures. Without scripts the page is whole.
const series = JSON.parse(document.getElementById("series").textContent);
const charts = [...document.querySelectorAll("svg.chart.time")];
const tip = document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip" }));
const hide = () => { tip.style.visibility = "hidden"; charts.forEach(c => c.querySelector(".crosshair").style.visibility = "hidden"); };
const two = n => n >= 100 ? n.toFixed(0) : n.toFixed(1);
for (const chart of charts) {
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("pointermove", event => {
    const box = chart.getBoundingClientRect(), scale = chart.viewBox.baseVal.width / box.width;
    const left = +chart.dataset.left, inner = chart.viewBox.baseVal.width - left - chart.dataset.right, last = chart.dataset.seconds - 1;
    const second = Math.round(((event.clientX - box.left) * scale - left) / inner * last), row = series[second];
    if (!row || second < 0 || second > last) return hide();
    for (const other of charts) {
      const hair = other.querySelector(".crosshair"), at = left + inner * second / Math.max(1, other.dataset.seconds - 1);
      hair.setAttribute("x1", at); hair.setAttribute("x2", at); hair.style.visibility = "visible";
    }
    tip.innerHTML = `<b>${row.offset} s, ${row.users} users</b>${row.rate}/s<br>p50 ${two(row.p50)} ms<br>p95 ${two(row.p95)} ms<br>p99 ${two(row.p99)} ms` +
      (row.errors ? `<br>${row.errors} errors` : "") + (row.throttled ? `<br>${row.throttled} × 429` : "");
    tip.style.visibility = "visible";
    tip.style.left = Math.min(event.clientX + 16, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8) + "px";
  });
}
