/* Pages on a sheet: turned, moved and dropped at once, by button, mouse, finger and key. ES5.
   What is shown is the truth; it goes into the fields "pages", and into the address. Where it is
   kept as it changes (data-kept), it is told instead: 拍照合成 (photos.js), which also adds cards. */
(function () {
  'use strict';
  document.documentElement.className = 'js';
  var form = document.getElementById('sheet');
  var sheet = form.querySelector('.page-sheet');
  var save = document.getElementById('save');
  var words = document.getElementById('sheet-words');
  var help = document.getElementById('help');
  var opener = document.querySelector('[aria-controls=help]');
  var noun = form.getAttribute('data-noun') || '页';
  var kept = save.hasAttribute('data-kept');

  function all(selector) { return [].slice.call(sheet.querySelectorAll(selector)); }
  function cards() { return all('.sheet-card'); }
  function pageOf(card) { return Number(card.getAttribute('data-page')); }
  function turnOf(card) { return Number(card.getAttribute('data-turn')); }
  function isDropped(card) { return card.classList.contains('is-dropped'); }

  /* ---- what can be done to a card ---- */

  function turnTo(card, turn) {
    var slot = card.querySelector('.sheet-slot');
    slot.classList.remove('turn-' + turnOf(card));
    card.setAttribute('data-turn', turn);
    slot.classList.add('turn-' + turn);
  }

  function move(card, places) {
    var row = cards(), place = row.indexOf(card) + places;
    if (place < 0 || place >= row.length) { return; }
    sheet.insertBefore(card, places < 0 ? row[place] : row[place].nextSibling);
  }

  function drop(card, gone) {
    var button = card.querySelector('.sheet-drop');
    card.classList.toggle('is-dropped', gone);
    button.value = (gone ? 'back-' : 'drop-') + pageOf(card);
    card.querySelector('.sheet-drop-word').textContent = gone ? '恢复' : '删除本' + noun;
  }

  var actions = {
    left: function (card) { turnTo(card, (turnOf(card) + 3) % 4); },
    right: function (card) { turnTo(card, (turnOf(card) + 1) % 4); },
    earlier: function (card) { move(card, -1); },
    later: function (card) { move(card, 1); },
    drop: function (card) { drop(card, true); },
    back: function (card) { drop(card, false); }
  };

  /* ---- what is offered ---- */

  function printed(card) { return Number(card.getAttribute('data-printed')); }

  function byNumber() {
    // In the order of the printed numbers; a page without one keeps its place.
    var row = cards();
    function numbered(card) { return card.hasAttribute('data-printed') && !isDropped(card); }
    var rising = row.filter(numbered).map(function (card, place) { return { card: card, place: place }; });
    rising.sort(function (one, other) { return printed(one.card) - printed(other.card) || one.place - other.place; });
    return row.map(function (card) { return numbered(card) ? rising.shift().card : card; });
  }

  var offers = {
    straight: {
      done: function () { return all('[data-straight]').every(function (card) { return card.getAttribute('data-straight') === String(turnOf(card)); }); },
      act: function () { all('[data-straight]').forEach(function (card) { turnTo(card, Number(card.getAttribute('data-straight'))); }); }
    },
    sort: {
      done: function () { return byNumber().every(function (card, place) { return card === cards()[place]; }); },
      act: function () { byNumber().forEach(function (card) { sheet.appendChild(card); }); }
    },
    blanks: {
      done: function () { return all('[data-blank]').every(isDropped); },
      act: function () { all('[data-blank]').forEach(function (card) { drop(card, true); }); }
    }
  };

  /* ---- what follows from it ---- */

  function update() {
    var row = cards(), place = 0, last = 0, gone = 0, turned = 0, moved = false;
    var text = row.map(function (card) {
      var page = pageOf(card), turn = turnOf(card), away = isDropped(card);
      if (away) { gone += 1; } else {
        place += 1;
        turned += turn ? 1 : 0;
        moved = moved || page < last;
        last = page;
      }
      card.querySelector('.sheet-now').textContent = away ? '已删除' : '第 ' + place + ' ' + noun;
      card.querySelector('.sheet-was').hidden = !away && place === page;
      return page + (turn ? 'r' + turn : '') + (away ? 'x' : '');
    }).join('.');
    var said = [gone && '删除了 ' + gone + ' ' + noun, turned && '转动了 ' + turned + ' ' + noun, moved && '顺序已调整'].filter(Boolean);
    form.elements.pages.value = save.elements.pages.value = text;
    if (kept) {
      words.textContent = '共 ' + place + ' ' + noun;
      if (text) { history.replaceState(null, '', '?pages=' + text); }
      sheet.dispatchEvent(new CustomEvent('sheet:arranged', { detail: text }));
      return;
    }
    words.textContent = said.length ? said.join('，') + '；保存后 ' + place + ' ' + noun : '还没有改动';
    save.classList.toggle('is-dirty', said.length > 0);
    var buttons = document.querySelectorAll('[data-offer]');
    for (var i = 0; i < buttons.length; i++) {
      var done = offers[buttons[i].value].done();
      buttons[i].disabled = done;
      buttons[i].textContent = (done ? '✓ ' : '') + buttons[i].getAttribute('data-offer');
    }
    history.replaceState(null, '', said.length ? '?scan=' + form.elements.scan.value + '&pages=' + text : location.pathname + location.hash);
  }

  function select(card) {
    if (!card) { return; }
    cards().forEach(function (one) { one.tabIndex = one === card ? 0 : -1; });
    card.focus();
  }

  function act(name, card) {
    var focused = document.activeElement;
    actions[name](card);
    update();
    if (card.contains(focused) && document.activeElement !== focused) { focused.focus(); } // moving it took that away
  }

  form.addEventListener('click', function (event) {
    var button = event.target.closest('button[name=do]');
    if (!button) { return; }
    event.preventDefault();
    act(button.value.split('-')[0], button.closest('.sheet-card'));
  });

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-offer], [data-sheet=help]');
    if (!button) { return; }
    event.preventDefault();
    if (button.hasAttribute('data-offer')) {
      offers[button.value].act();
      update();
    } else {
      toggleHelp();
    }
  });

  if (!kept) { document.getElementById('reset').addEventListener('click', function () { save.classList.remove('is-dirty'); }); }

  function toggleHelp() {
    help.hidden = !help.hidden;
    opener.setAttribute('aria-expanded', String(!help.hidden));
    if (help.hidden) { opener.focus(); } else { help.focus(); }
  }

  /* ---- keys ---- */

  function columns() {
    var row = cards(), count = 1;
    while (count < row.length && row[count].offsetTop === row[0].offsetTop) { count += 1; }
    return count;
  }

  var steps = {
    ArrowLeft: function () { return -1; },
    ArrowRight: function () { return 1; },
    ArrowUp: function () { return -columns(); },
    ArrowDown: columns
  };
  var keys = { l: 'left', r: 'right', Delete: 'drop', Backspace: 'drop' };

  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    var key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    var card = document.activeElement.closest('.sheet-card');
    if (key === '?' || key === '？' || (key === 'Escape' && !help.hidden)) {
      toggleHelp();
    } else if (key in steps && (card || document.activeElement === document.body)) {
      var row = cards(), step = steps[key]();
      if (card && event.shiftKey) {
        if (Math.abs(step) === 1) { act(step < 0 ? 'earlier' : 'later', card); }
      } else {
        select(card ? row[row.indexOf(card) + step] : row[0]);
      }
    } else if (card && (key === 'Home' || key === 'End')) {
      select(cards()[key === 'Home' ? 0 : cards().length - 1]);
    } else if (card && keys[key]) {
      act(keys[key] === 'drop' && isDropped(card) ? 'back' : keys[key], card);
    } else {
      return;
    }
    event.preventDefault();
  });

  /* ---- mouse and fingers ---- */

  var HOLD = 350; // ms that a finger rests before it lifts a page: sooner it scrolls
  var FAR = 6; // px that a mouse goes before a click is a drag
  var EDGE = 60; // px from the window's edge where it scrolls
  var held = null, dragged = false;

  function lift() {
    held.on = true;
    held.card.classList.add('is-held');
    if (navigator.vibrate && held.touch) { navigator.vibrate(20); }
  }

  function letGo() {
    if (!held) { return; }
    window.clearTimeout(held.timer);
    held.card.classList.remove('is-held');
    held.card.style.transform = '';
    if (held.on) {
      dragged = true;
      window.setTimeout(function () { dragged = false; }, 0); // after the click that ends it
      update();
    }
    held = null;
  }

  function follow(event) {
    var over = document.elementFromPoint(event.clientX, event.clientY);
    var other = over && over.closest('.sheet-card');
    if (other && other !== held.card) {
      var row = cards();
      sheet.insertBefore(held.card, row.indexOf(other) < row.indexOf(held.card) ? other : other.nextSibling);
    }
    held.card.style.transform = 'translate(' + (event.pageX - held.x - held.card.offsetLeft) + 'px,' +
      (event.pageY - held.y - held.card.offsetTop) + 'px)';
    if (event.clientY < EDGE) { window.scrollBy(0, -12); }
    if (event.clientY > window.innerHeight - EDGE) { window.scrollBy(0, 12); }
  }

  sheet.addEventListener('pointerdown', function (event) {
    var slot = event.target.closest('.sheet-slot');
    if (!slot || event.button !== 0 || held) { return; }
    var card = slot.closest('.sheet-card'), touch = event.pointerType === 'touch';
    held = { card: card, touch: touch, on: false, fromX: event.clientX, fromY: event.clientY,
      x: event.pageX - card.offsetLeft, y: event.pageY - card.offsetTop };
    if (touch) { held.timer = window.setTimeout(lift, HOLD); }
  });
  document.addEventListener('pointermove', function (event) {
    if (!held) { return; }
    if (!held.on) {
      if (Math.abs(event.clientX - held.fromX) + Math.abs(event.clientY - held.fromY) < FAR) { return; }
      if (held.touch) { letGo(); return; } // it scrolls
      lift();
    }
    follow(event);
  });
  document.addEventListener('pointerup', letGo);
  document.addEventListener('pointercancel', letGo);
  sheet.addEventListener('touchmove', function (event) { if (held && held.on) { event.preventDefault(); } }, { passive: false });
  sheet.addEventListener('contextmenu', function (event) { if (held && held.touch) { event.preventDefault(); } });
  sheet.addEventListener('dragstart', function (event) { event.preventDefault(); });
  sheet.addEventListener('click', function (event) { if (dragged) { event.preventDefault(); event.stopPropagation(); } }, true);

  function begin() {
    if (cards().length && !sheet.querySelector('.sheet-card[tabindex="0"]')) { cards()[0].tabIndex = 0; }
    update();
  }

  sheet.addEventListener('sheet:changed', begin);
  begin();
  if (/^#page-\d+$/.test(location.hash)) { select(sheet.querySelector(location.hash)); } // from 检查提示
}());
