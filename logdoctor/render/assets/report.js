  // -- the fix in another syntax

  const syntax = $("#syntax");
  const choose = () => { for (const part of all("[data-syntax]")) part.hidden = part.dataset.syntax !== syntax.value; };
  if (syntax) {
    syntax.hidden = false;
    syntax.addEventListener("change", choose);
    choose();
  }

  // -- findings, filtered

  const list = $(".findings");
  if (list) {
    const query = $("#query"), chips = all(".filters button"), items = all(":scope > li", list);
    const texts = items.map(item => item.textContent.toLowerCase());
    const filter = () => {
      const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
      const roles = chips.filter(chip => chip.getAttribute("aria-pressed") === "true").map(chip => chip.value);
      let shown = 0;
      items.forEach((item, index) => {
        const fits = (!roles.length || roles.includes(item.dataset.role)) && words.every(word => texts[index].includes(word));
        item.hidden = !fits;
        shown += fits;
      });
      list.toggleAttribute("data-empty", !shown);
      $(".filters output").value = shown === items.length ? "" : `${shown} of ${items.length}`;
    };
    $(".filters").hidden = false;
    query.addEventListener("input", filter);
    for (const chip of chips) chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }

  // -- the picture: lanes over time

  const canvas = $("canvas");
  if (!canvas) return;
  const data = JSON.parse($("#data").textContent);
  const [FINDING, PROGRESS, FIRST, LAST] = [0, 1, 2, 3];
  const lanes = data.lanes, count = lanes.length;
  const pen = canvas.getContext("2d"), stage = $(".stage"), tip = $(".tip"), live = $(".picture [aria-live]");
  const ROLES = { "root-cause": 3, contributing: 2, consequence: 1, advice: 0 };

  let least = Infinity, most = -Infinity, root = null, lastFailure = -Infinity;
  lanes.forEach(([, , marks], row) => {
    for (const mark of marks) {
      if (mark[1] === null) continue;
      least = Math.min(least, mark[1]);
      most = Math.max(most, mark[1]);
      if (mark[0] !== FINDING) continue;
      const role = data.findings[mark[2]][1];
      if (role === "advice") continue;
      lastFailure = Math.max(lastFailure, mark[1]);
      if (mark[2] === data.first && (!root || mark[1] < root.at)) root = { at: mark[1], row };
    }
  });
  if (least > most) { least = 0; most = 1; }
  if (least === most) most = least + 1;
  const whole = { x0: least - (most - least) * 0.02, x1: most + (most - least) * 0.03, y0: 0, y1: count };
  const failure = root && lastFailure > root.at
    ? { ...whole, x0: root.at - (lastFailure - root.at) * 0.25, x1: lastFailure + (lastFailure - root.at) * 0.12 }
    : whole;
  const start = failure !== whole && (whole.x1 - whole.x0) > 5 * (failure.x1 - failure.x0) ? failure : whole;
  let view = { ...start }, hovered = null, chosen = -1, drag = null, width = 0, height = 0, gutter = 0;
  const TOP = 34, BOTTOM = 10;

  const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const x = at => gutter + (at - view.x0) / (view.x1 - view.x0) * (width - gutter - 8);
  const y = row => TOP + (row + 0.5 - view.y0) / (view.y1 - view.y0) * (height - TOP - BOTTOM);
  const tall = () => (height - TOP - BOTTOM) / (view.y1 - view.y0);
  const place = (mark, row) => [x(mark[1] === null ? whole.x0 : mark[1]), y(row)];

  const said = (at, gap = 1) => {
    if (data.unit !== "s") return `line ${Math.round(at)}`;
    const digits = gap < 1 ? Math.ceil(-Math.log10(gap)) : 0, whole = +Math.abs(at).toFixed(digits), sign = at < 0 ? "−" : "+";
    if (whole < 60) return `${sign}${digits ? whole : +whole.toPrecision(3)} s`;
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60, seconds = +(whole % 60).toFixed(digits);
    return sign + (hours ? `${hours} h ${minutes} min` : `${minutes} min${seconds ? ` ${seconds} s` : ""}`);
  };
  const steps = [1e-3, 2e-3, 5e-3, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800];
  const step = span => {
    const wanted = span / Math.max(2, Math.floor((width - gutter) / 120));
    if (data.unit === "s") return steps.find(one => one >= wanted) || Math.ceil(wanted / 604800) * 604800;
    const power = 10 ** Math.floor(Math.log10(wanted || 1));
    return Math.max(1, [1, 2, 5, 10].map(one => one * power).find(one => one >= wanted));
  };

  const draw = () => {
    width = stage.clientWidth;
    gutter = width < 560 ? 104 : 216;
    height = Math.max(150, Math.min(count * 24 + TOP + BOTTOM, 520));
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
    }
    const ink = color("--ink"), soft = color("--soft"), faint = color("--faint"), rule = color("--rule"), band = color("--band");
    const tones = { "root-cause": color("--root"), contributing: color("--also"), consequence: color("--fallout"), advice: color("--focus") };
    const good = color("--good"), font = getComputedStyle(document.body).fontFamily;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = `11.5px ${font}`;
    pen.textBaseline = "middle";
    const from = Math.max(0, Math.floor(view.y0)), to = Math.min(count, Math.ceil(view.y1)), row = tall();

    // hosts as bands
    pen.save();
    pen.beginPath();
    pen.rect(0, TOP - 4, width, height - TOP);
    pen.clip();
    const grouped = lanes.some((lane, index) => index && lane[1] !== lanes[index - 1][1]);
    let labelled = -Infinity;
    for (let begin = from, odd = 0; begin < to; odd ^= 1) {
      let end = begin + 1;
      while (end < to && lanes[end][1] === lanes[begin][1]) end++;
      if (odd) { pen.fillStyle = band; pen.fillRect(0, y(begin - 0.5), width, y(end - 0.5) - y(begin - 0.5)); }
      const label = y((begin + end - 1) / 2);
      if (row < 12 && grouped && lanes[begin][1] && label - labelled >= 14) {
        pen.fillStyle = faint;
        pen.fillText(cut(lanes[begin][1], gutter - 22), 14, label);
        labelled = label;
      }
      begin = end;
    }
    if (row < 12 && !grouped) {
      pen.fillStyle = faint;
      const every = Math.ceil(16 / row / 8) * 8;
      for (let index = Math.ceil(from / every) * every; index < to; index += every) pen.fillText(cut(lanes[index][0], gutter - 22), 14, y(index));
    }
    pen.restore();

    // whom to look at
    for (const index of data.guilty) {
      if (index < from || index >= to) continue;
      const thick = Math.max(row, 2);
      pen.globalAlpha = 0.14;
      pen.fillStyle = tones["root-cause"];
      pen.fillRect(0, y(index) - thick / 2, width, thick);
      pen.globalAlpha = 1;
      if (row < 12 && data.guilty.length < 12) {
        const name = cut(lanes[index][0], gutter - 22), down = Math.max(TOP + 6, Math.min(height - 8, y(index)));
        pen.fillStyle = color("--panel");
        pen.fillRect(10, down - 8, pen.measureText(name).width + 8, 16);
        pen.fillStyle = tones["root-cause"];
        pen.fillText(name, 14, down);
      }
    }

    // the axis
    const gap = step(view.x1 - view.x0);
    pen.strokeStyle = rule;
    pen.lineWidth = 1;
    pen.fillStyle = faint;
    pen.textAlign = "center";
    for (let at = Math.ceil(view.x0 / gap) * gap; at <= view.x1; at += gap) {
      const left = Math.round(x(at)) + 0.5;
      if (left < gutter) continue;
      pen.beginPath();
      pen.moveTo(left, TOP - 6);
      pen.lineTo(left, height);
      pen.stroke();
      if (left < width - 26) pen.fillText(said(Math.abs(at) < gap / 1e6 ? 0 : at, gap), left, 13);
    }
    pen.textAlign = "left";

    pen.save();
    pen.beginPath();
    pen.rect(gutter - 7, TOP - 6, width - gutter + 7, height - TOP + 6);
    pen.clip();
    // how the failure spread
    if (root && row > 0.2) {
      pen.strokeStyle = tones["root-cause"];
      pen.globalAlpha = Math.max(0.05, Math.min(0.35, 8 / count));
      pen.lineWidth = 1;
      const left = x(root.at), top = y(root.row);
      pen.beginPath();
      for (let index = from; index < to; index++) {
        const mark = lanes[index][2].find(one => one[0] === FINDING && one[1] !== null && one[1] >= root.at && data.findings[one[2]][1] === "consequence");
        if (!mark || index === root.row) continue;
        const [right, down] = place(mark, index), middle = left + (right - left) * 0.45;
        pen.moveTo(left, top);
        pen.bezierCurveTo(middle, top, middle, down, right, down);
      }
      pen.stroke();
      pen.globalAlpha = 1;
    }
    // lanes: when they were heard, when they got on
    for (let index = from; index < to; index++) {
      const marks = lanes[index][2], down = y(index);
      const span = kinds => marks.filter(mark => kinds.includes(mark[0]) && mark[1] !== null).map(mark => mark[1]);
      const heard = span([FINDING, PROGRESS, FIRST, LAST]), went = span([PROGRESS]);
      if (heard.length && row > 2) {
        pen.fillStyle = index === chosen ? soft : rule;
        pen.fillRect(x(Math.min(...heard)), down - Math.min(1, row / 4), Math.max(1.5, x(Math.max(...heard)) - x(Math.min(...heard))), Math.min(2, row / 2));
      }
      if (went.length) {
        pen.fillStyle = good;
        const thick = Math.max(0.7, Math.min(4, row * 0.3));
        pen.fillRect(x(Math.min(...went)), down - thick / 2, Math.max(2, x(Math.max(...went)) - x(Math.min(...went))), thick);
      }
    }
    // the first failure
    if (root) {
      const left = Math.round(x(root.at)) + 0.5;
      pen.strokeStyle = tones["root-cause"];
      pen.setLineDash([3, 3]);
      pen.beginPath();
      pen.moveTo(left, TOP - 6);
      pen.lineTo(left, height);
      pen.stroke();
      pen.setLineDash([]);
    }
    // findings, what matters most on top
    const size = Math.max(1.3, Math.min(4.5, row * 0.32));
    for (let rank = 0; rank <= 3; rank++) {
      for (let index = from; index < to; index++) {
        for (const mark of lanes[index][2]) {
          if (mark[0] !== FINDING || ROLES[data.findings[mark[2]][1]] !== rank) continue;
          const [left, down] = place(mark, index), main = rank === 3;
          pen.fillStyle = tones[data.findings[mark[2]][1]];
          pen.beginPath();
          pen.arc(left, down, main ? Math.max(3.5, size * 1.15) : size, 0, 7);
          if (mark[1] === null) { pen.strokeStyle = pen.fillStyle; pen.stroke(); } else pen.fill();
          if (root && main && mark[1] === root.at && index === root.row) {
            pen.globalAlpha = 0.22;
            pen.beginPath();
            pen.arc(left, down, Math.max(8, size * 2.2), 0, 7);
            pen.fill();
            pen.globalAlpha = 1;
          }
        }
      }
    }
    pen.restore();

    if (root) {
      const left = x(root.at), label = data.label, wide = pen.measureText(label).width;
      if (left > gutter && left < width) {
        pen.fillStyle = tones["root-cause"];
        pen.fillText(label, Math.min(Math.max(left + 6, gutter), width - wide - 6), 26);
      }
    }
    if (row >= 12) {
      for (let index = from; index < to; index++) {
        pen.fillStyle = data.guilty.includes(index) ? tones["root-cause"] : index === chosen || (root && index === root.row) ? ink : soft;
        pen.fillText(cut(lanes[index][0], gutter - 22), 14, y(index));
      }
    }
    if (hovered) {
      const [left, down] = place(hovered.mark, hovered.row);
      pen.strokeStyle = ink;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(left, down, Math.max(6, size * 1.7), 0, 7);
      pen.stroke();
    }
    if (drag && drag.moved) {
      pen.strokeStyle = ink;
      pen.lineWidth = 1;
      pen.globalAlpha = 0.6;
      pen.strokeRect(drag.left + 0.5, drag.top + 0.5, drag.right - drag.left, drag.bottom - drag.top);
      pen.globalAlpha = 1;
    }
  };
  const cut = (text, room) => {
    if (pen.measureText(text).width <= room) return text;
    while (text && pen.measureText(text + "…").width > room) text = text.slice(0, -1);
    return text + "…";
  };
  let waiting = 0;
  const redraw = () => { if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); }); };

  const describe = (mark, row) => {
    const what = mark[0] === FINDING ? data.findings[mark[2]][0] : ["", "a sign of progress", "first line read", "last line read"][mark[0]];
    const times = mark[3] > 1 ? `, ${mark[3].toLocaleString("en")} times` : "";
    return [what, `${lanes[row][0]}${mark[1] === null ? "" : ` at ${said(mark[1], 0.001)}`}${times} · ${data.sources[mark[4]]}:${mark[5]}`, data.texts[mark[6]] || ""];
  };
  const show = (mark, row) => {
    const [what, where, text] = describe(mark, row), [left, top] = place(mark, row);
    tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: what }), where, ...(text ? [Object.assign(document.createElement("code"), { textContent: text })] : []));
    tip.style.left = `${Math.max(6, Math.min(left + 14, width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${top + 14 + tip.offsetHeight > height ? Math.max(4, top - tip.offsetHeight - 14) : top + 14}px`;
    tip.style.visibility = "visible";
  };
  const hide = () => { tip.style.visibility = "hidden"; };

  const nearest = (left, top) => {
    let best = null, distance = 14 ** 2;
    const reach = Math.ceil(14 / tall()) + 1, middle = Math.floor(view.y0 + (top - TOP) / tall());
    for (let row = Math.max(0, middle - reach); row < Math.min(count, middle + reach + 1); row++) {
      for (const mark of lanes[row][2]) {
        const [across, down] = place(mark, row);
        const away = (across - left) ** 2 + (down - top) ** 2 + (mark[0] === FINDING ? 0 : 30);
        if (away < distance) { distance = away; best = { mark, row }; }
      }
    }
    return best;
  };

  const zoom = next => {
    view = { x0: Math.max(next.x0, whole.x0 - (whole.x1 - whole.x0)), x1: Math.min(next.x1, whole.x1 + (whole.x1 - whole.x0)), y0: Math.max(0, next.y0), y1: Math.min(count, next.y1) };
    if (view.y1 - view.y0 < 1) view.y1 = Math.min(count, view.y0 + 1), view.y0 = view.y1 - 1;
    if (!(view.x1 - view.x0 > 1e-6)) view.x1 = view.x0 + 1e-6;
    hovered = null;
    hide();
    redraw();
  };
  const scaled = factor => {
    const cx = root && root.at > view.x0 && root.at < view.x1 ? root.at : (view.x0 + view.x1) / 2;
    const row = chosen >= 0 ? chosen + 0.5 : root && root.row >= view.y0 && root.row < view.y1 ? root.row + 0.5 : (view.y0 + view.y1) / 2;
    const tallness = Math.max(Math.min(8, count), (view.y1 - view.y0) * factor), y0 = Math.max(0, Math.min(count - tallness, row - tallness / 2));
    zoom({ x0: cx - (cx - view.x0) * factor, x1: cx + (view.x1 - cx) * factor, y0, y1: y0 + tallness });
  };
  const moved = (across, down) => {
    const dx = (view.x1 - view.x0) * across, dy = Math.max(-view.y0, Math.min(count - view.y1, (view.y1 - view.y0) * down));
    zoom({ x0: view.x0 + dx, x1: view.x1 + dx, y0: view.y0 + dy, y1: view.y1 + dy });
  };

  canvas.addEventListener("pointerdown", event => {
    if (event.pointerType !== "mouse" || event.button) return;
    drag = { fromX: event.offsetX, fromY: event.offsetY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (drag) {
      drag.left = Math.max(gutter, Math.min(drag.fromX, event.offsetX));
      drag.right = Math.max(drag.fromX, event.offsetX);
      drag.top = Math.max(TOP, Math.min(drag.fromY, event.offsetY));
      drag.bottom = Math.max(drag.fromY, event.offsetY);
      drag.moved = drag.right - drag.left > 6 || drag.bottom - drag.top > 6;
    }
    hovered = drag && drag.moved ? null : nearest(event.offsetX, event.offsetY);
    if (hovered) show(hovered.mark, hovered.row); else hide();
    redraw();
  });
  canvas.addEventListener("pointerup", event => {
    const box = drag;
    drag = null;
    if (box && box.moved) {
      const at = left => view.x0 + (left - gutter) / (width - gutter - 8) * (view.x1 - view.x0), line = top => view.y0 + (top - TOP) / tall();
      const flat = box.bottom - box.top < 12, narrow = box.right - box.left < 12;
      zoom({ x0: narrow ? view.x0 : at(box.left), x1: narrow ? view.x1 : at(box.right), y0: flat ? view.y0 : Math.floor(line(box.top)), y1: flat ? view.y1 : Math.ceil(line(box.bottom)) });
    } else if (event.pointerType !== "mouse") {
      hovered = nearest(event.offsetX, event.offsetY);
      if (hovered) show(hovered.mark, hovered.row); else hide();
      redraw();
    }
  });
  canvas.addEventListener("pointerleave", () => { if (!drag) { hovered = null; hide(); redraw(); } });
  canvas.addEventListener("dblclick", () => zoom(whole));
  canvas.addEventListener("wheel", event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const factor = event.deltaY > 0 ? 1.25 : 0.8, at = view.x0 + (event.offsetX - gutter) / (width - gutter - 8) * (view.x1 - view.x0);
    zoom({ ...view, x0: at - (at - view.x0) * factor, x1: at + (view.x1 - at) * factor });
  }, { passive: false });
  canvas.addEventListener("keydown", event => {
    const keys = {
      "+": () => scaled(0.6), "=": () => scaled(0.6), "-": () => scaled(1 / 0.6), 0: () => zoom(whole),
      ArrowLeft: () => moved(-0.15, 0), ArrowRight: () => moved(0.15, 0), PageUp: () => moved(0, -0.8), PageDown: () => moved(0, 0.8),
      ArrowUp: () => choose_lane(chosen - 1), ArrowDown: () => choose_lane(chosen + 1), Home: () => choose_lane(0), End: () => choose_lane(count - 1),
      Escape: () => { chosen = -1; hovered = null; hide(); redraw(); },
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  const choose_lane = row => {
    chosen = Math.max(0, Math.min(count - 1, row));
    if (chosen < view.y0) moved(0, (chosen - view.y0) / (view.y1 - view.y0));
    if (chosen + 1 > view.y1) moved(0, (chosen + 1 - view.y1) / (view.y1 - view.y0));
    const marks = lanes[chosen][2].filter(mark => mark[0] === FINDING);
    live.textContent = [lanes[chosen][0], ...marks.map(mark => `${describe(mark, chosen)[0]}${mark[1] === null ? "" : ` at ${said(mark[1])}`}`)].join("; ") + (marks.length ? "" : "; nothing failed here");
    hovered = marks.length ? { mark: marks[0], row: chosen } : null;
    draw();
    if (hovered) show(hovered.mark, hovered.row); else hide();
  };
  for (const [name, act] of Object.entries({ "in": () => scaled(0.6), out: () => scaled(1 / 0.6), failure: () => zoom(failure), whole: () => zoom(whole) })) {
    const button = $(`[data-zoom=${name}]`);
    if (!button) continue;
    button.hidden = name === "failure" && failure === whole;
    button.addEventListener("click", act);
  }
  stage.hidden = false;
  addEventListener("resize", redraw);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", draw);
  draw();
  document.documentElement.dataset.drawn = String(Math.round(performance.now()));
