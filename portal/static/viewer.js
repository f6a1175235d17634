/* The viewer of a form: fits, zoom, rotation for the eye, contrast, keys, touch, print. ES5. */
(function () {
  'use strict';
  function at(id) { return document.getElementById(id); }
  document.documentElement.className = 'js'; // before portal.js does: sizes are measured here
  var viewer = at('viewer');
  if (!viewer) { contactSheet(); return; }

  var WIDTHS = [1000, 1600, 2400];
  var LARGEST = 4, SMALLEST = 0.25; // times the width of the sheet
  var sheet = at('sheet'), room = at('room'), frame = at('frame'), trouble = at('trouble');
  var papers = at('print-pages');
  var picture = frame.querySelector('img');
  var shape = frame.querySelector('svg'), marks = shape.querySelector('svg');
  var scan = viewer.getAttribute('data-scan');
  var shapes = viewer.getAttribute('data-shapes').trim().split(' ').map(function (text) {
    var parts = text.split('x');
    return { tall: parts[0] / 1000, sharpest: Number(parts[1]) };
  });
  var page = Number(viewer.getAttribute('data-page'));
  var marked = page;
  var markSearch = marks ? location.search.replace(/[?&](page|w)=[^&]*/g, '').replace(/^\?/, '&') : '';
  var have = Number((/w=(\d+)/.exec(picture.src) || [0, 1000])[1]); // the width that is shown or asked for
  var fit = 'width', zoom = 1, turns = {}, pale = false;
  var ready = false, triedAgain = false;

  /* ---- remembered while the tab is open ---- */

  try {
    var kept = JSON.parse(sessionStorage.getItem('viewer')) || {};
    fit = kept.fit || fit;
    if (kept.scan === scan) { turns = kept.turns; pale = kept.pale; }
  } catch (ignored) { /* no storage: nothing is remembered */ }

  function keep() {
    try {
      sessionStorage.setItem('viewer', JSON.stringify({ scan: scan, fit: fit, turns: turns, pale: pale }));
    } catch (ignored) { /* the same */ }
  }

  /* ---- where the picture lies ---- */

  function turnOf(number) { return turns[number] || 0; }

  function layout() {
    var one = shapes[page - 1], turn = turnOf(page), sideways = turn % 180 !== 0;
    var top = sheet.getBoundingClientRect().top + window.pageYOffset;
    sheet.style.height = Math.max(320, window.innerHeight - top - 52) + 'px';
    var tall = sideways ? 1 / one.tall : one.tall; // of the page as it lies
    var full = sheet.clientWidth;
    var width = full * zoom;
    if (fit) { width = fit === 'page' ? Math.min(full, (sheet.clientHeight - 4) / tall) : full; }
    zoom = width / full;
    var across = sideways ? width * tall : width;
    room.style.width = width + 'px';
    room.style.height = width * tall + 'px';
    frame.style.width = across + 'px';
    frame.style.transform = 'translate(' + (width - across) / 2 + 'px,' + (width * tall - across * one.tall) / 2 +
      'px) rotate(' + turn + 'deg)';
    at('zoom-now').textContent = Math.round(zoom * 100) + '%';
    press('width', fit === 'width');
    press('page', fit === 'page');
    press('contrast', pale);
    viewer.classList.toggle('is-pale', pale);
    sheet.classList.toggle('is-zoomed', room.offsetHeight > sheet.clientHeight || width > full);
    sharpen(across);
  }

  function press(name, on) {
    viewer.querySelector('[data-do=' + name + ']').setAttribute('aria-pressed', String(on));
  }

  function setZoom(value, x, y) {
    // The point (x, y) of the sheet, its middle by itself, stays where it is.
    if (x === undefined) { x = sheet.clientWidth / 2; y = sheet.clientHeight / 2; }
    var left = (sheet.scrollLeft + x) / room.offsetWidth, top = (sheet.scrollTop + y) / room.offsetHeight;
    fit = '';
    zoom = Math.min(LARGEST, Math.max(SMALLEST, value));
    layout();
    sheet.scrollLeft = left * room.offsetWidth - x;
    sheet.scrollTop = top * room.offsetHeight - y;
  }

  function toMark() {
    var mark = page === marked && marks && marks.firstChild;
    if (!mark) { return; }
    var box = mark.getBoundingClientRect(), around = sheet.getBoundingClientRect();
    sheet.scrollTop += (box.top + box.bottom - around.top - around.bottom) / 2;
    sheet.scrollLeft += (box.left + box.right - around.left - around.right) / 2;
  }

  /* ---- the picture ---- */

  function address(number, width) {
    return '/scans/' + scan + '/pages/' + number + '.jpg' + (width > 1000 ? '?w=' + width : '');
  }

  function load(width) {
    have = width;
    picture.src = address(page, width);
  }

  function sharpen(across) {
    if (!ready) { return; }
    var wanted = across * Math.min(window.devicePixelRatio || 1, 1.5) * 0.75;
    var width = WIDTHS.filter(function (one) { return one >= wanted; })[0] || 2400;
    width = Math.min(width, shapes[page - 1].sharpest);
    if (width > have) { load(width); }
  }

  function loaded() {
    viewer.classList.remove('is-loading');
    viewer.classList.remove('is-broken');
    ready = true;
    triedAgain = false;
    layout();
    paperNow();
    if (page < shapes.length) { new Image().src = address(page + 1, 1000); }
  }

  function failed() {
    if (have > 1000) { // the one before it was good
      shapes[page - 1].sharpest = 1000;
      load(1000);
      return;
    }
    viewer.classList.remove('is-loading');
    viewer.classList.add('is-broken');
    ask(page);
  }

  function ask(number) {
    // A picture that fails says no reason; the same address asked again does, in words.
    var request = new XMLHttpRequest();
    request.open('GET', address(number, 1000));
    request.setRequestHeader('HX-Request', 'true');
    request.setRequestHeader('HX-Current-URL', location.href);
    request.onloadend = function () {
      if (number !== page) { return; }
      if (request.status >= 400) { trouble.innerHTML = request.responseText; }
      else if (request.status === 200 && !triedAgain) { triedAgain = true; load(1000); }
      else { at('line-lost').hidden = false; }
      layout();
    };
    request.send();
  }

  function show(number) {
    if (number < 1 || number > shapes.length) { return; }
    page = number;
    ready = false;
    trouble.textContent = '';
    at('line-lost').hidden = true;
    viewer.classList.remove('is-broken');
    viewer.classList.add('is-loading');
    shape.setAttribute('viewBox', '0 0 1000 ' + shapes[page - 1].tall * 1000);
    if (marks) { marks.classList.toggle('is-away', page !== marked); }
    picture.alt = '入团志愿书第 ' + page + ' 页';
    at('page-now').textContent = page;
    point('previous', Math.max(1, page - 1));
    point('next', Math.min(shapes.length, page + 1));
    at('thumbnails').search = '?page=' + page;
    var links = document.querySelectorAll('[data-go]');
    for (var i = 0; i < links.length; i++) {
      if (i + 1 === page) { links[i].setAttribute('aria-current', 'page'); } else { links[i].removeAttribute('aria-current'); }
    }
    history.replaceState(null, '', '?page=' + page + (page === marked ? markSearch : ''));
    load(1000);
    layout();
    sheet.scrollTop = sheet.scrollLeft = 0;
    toMark();
  }

  function point(id, target) {
    var link = at(id);
    link.href = '?page=' + target;
    if (target === page) { link.setAttribute('aria-disabled', 'true'); } else { link.removeAttribute('aria-disabled'); }
  }

  /* ---- paper ---- */

  function paper(number, source) {
    var box = document.createElement('div'), image = document.createElement('img');
    box.className = 'print-page turn-' + turnOf(number);
    image.alt = '第 ' + number + ' 页画不出来，请打印“原件”。';
    image.src = source;
    box.appendChild(image);
    papers.appendChild(box);
    return image;
  }

  function paperNow() { // what the browser's own command prints
    papers.textContent = '';
    paper(page, picture.src);
  }

  function print(first, last) {
    var left = last - first + 1;
    papers.textContent = '';
    function ready() {
      left -= 1;
      trouble.textContent = left ? '正在准备打印，还有 ' + left + ' 页…' : '';
      if (!left) { window.print(); }
    }
    for (var number = first; number <= last; number++) {
      var image = paper(number, address(number, Math.min(1600, shapes[number - 1].sharpest)));
      image.onload = image.onerror = ready;
    }
  }

  window.addEventListener('afterprint', paperNow);

  /* ---- what a person does ---- */

  function fitTo(how) { fit = how; layout(); keep(); }

  var actions = {
    'in': function () { setZoom(zoom * 1.25); },
    out: function () { setZoom(zoom / 1.25); },
    width: function () { fitTo('width'); },
    page: function () { fitTo('page'); },
    rotate: function () { turns[page] = (turnOf(page) + 90) % 360; layout(); paperNow(); keep(); },
    contrast: function () { pale = !pale; layout(); keep(); },
    print: function () { print(page, page); },
    printAll: function () { print(1, shapes.length); },
    again: function () { show(page); },
    help: function () {
      var button = viewer.querySelector('[aria-controls=help]');
      at('help').hidden = !at('help').hidden;
      button.setAttribute('aria-expanded', String(!at('help').hidden));
      if (at('help').hidden) { button.focus(); } else { at('help').focus(); }
    },
    thumbnails: function () { at('thumbnails').click(); },
    back: function () { if (at('help').hidden) { at('back').click(); } else { actions.help(); } },
    first: function () { show(1); },
    last: function () { show(shapes.length); },
    before: function () { show(page - 1); },
    after: function () { show(page + 1); },
    left: function () { across(-1); },
    right: function () { across(1); },
    up: function () { sheet.scrollTop -= 80; },
    down: function () { sheet.scrollTop += 80; }
  };
  var keys = {
    ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', PageUp: 'before', PageDown: 'after',
    Home: 'first', End: 'last', '+': 'in', '=': 'in', '-': 'out', 0: 'width', w: 'width', p: 'page', r: 'rotate',
    c: 'contrast', t: 'thumbnails', '?': 'help', '？': 'help', Escape: 'back'
  };

  function isWide() { return sheet.scrollWidth > sheet.clientWidth + 1; }

  function across(way) { if (isWide()) { sheet.scrollLeft += way * 80; } else { show(page + way); } }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-do], [data-go], #previous, #next');
    if (!button || event.ctrlKey || event.shiftKey || event.metaKey) { return; }
    event.preventDefault();
    if (button.hasAttribute('data-do')) { actions[button.getAttribute('data-do')](); return; }
    show(button.id === 'previous' ? page - 1 : button.id === 'next' ? page + 1 : Number(button.getAttribute('data-go')));
  });

  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    var action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) { return; }
    event.preventDefault();
    actions[action]();
  });

  /* ---- mouse and fingers ---- */

  var held = null, swipe = null, pinch = null;
  room.addEventListener('mousedown', function (event) {
    if (event.button !== 0) { return; }
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    held = { x: event.clientX + sheet.scrollLeft, y: event.clientY + sheet.scrollTop };
  });
  document.addEventListener('mousemove', function (event) {
    if (!held || !event.buttons) { held = null; return; }
    sheet.scrollLeft = held.x - event.clientX;
    sheet.scrollTop = held.y - event.clientY;
  });

  function span(touches) {
    return Math.sqrt(Math.pow(touches[0].clientX - touches[1].clientX, 2) + Math.pow(touches[0].clientY - touches[1].clientY, 2));
  }

  sheet.addEventListener('touchstart', function (event) {
    var touches = event.touches;
    swipe = touches.length === 1 && !isWide() ? { x: touches[0].clientX, y: touches[0].clientY } : null;
    pinch = touches.length === 2 ? { span: span(touches), zoom: zoom } : null;
  }, { passive: true });
  sheet.addEventListener('touchmove', function (event) {
    if (!pinch || event.touches.length !== 2) { return; }
    event.preventDefault();
    var around = sheet.getBoundingClientRect(), touches = event.touches;
    setZoom(pinch.zoom * span(touches) / pinch.span, (touches[0].clientX + touches[1].clientX) / 2 - around.left,
      (touches[0].clientY + touches[1].clientY) / 2 - around.top);
  }, { passive: false });
  sheet.addEventListener('touchend', function (event) {
    if (swipe) {
      var right = event.changedTouches[0].clientX - swipe.x, down = event.changedTouches[0].clientY - swipe.y;
      if (Math.abs(right) > 60 && Math.abs(right) > 2 * Math.abs(down)) { show(right < 0 ? page + 1 : page - 1); }
    }
    swipe = pinch = null;
  });

  /* ---- begin ---- */

  picture.addEventListener('load', loaded);
  picture.addEventListener('error', failed);
  window.addEventListener('resize', layout);
  layout();
  toMark();
  if (picture.complete) { if (picture.naturalWidth) { loaded(); } else { failed(); } }

  function contactSheet() {
    var now = document.querySelector('.page-thumb[aria-current]');
    if (now) { now.focus(); }
    document.addEventListener('keydown', function (event) {
      if (event.key === 'Escape' || event.key === 't') { at('back').click(); }
    });
  }
}());
