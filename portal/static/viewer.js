/* The viewer of a form: keys, touch, zoom, rotation for the eye, print. ES5. */
(function () {
  'use strict';
  var viewer = document.getElementById('viewer');
  var picture = document.getElementById('picture');
  var sheet = document.getElementById('sheet');
  var scan = viewer.getAttribute('data-scan');
  var pages = Number(viewer.getAttribute('data-pages'));
  var page = Number(viewer.getAttribute('data-page'));
  var zoom = 1;
  var turn = 0;

  function address(number, width) {
    return '/scans/' + scan + '/pages/' + number + '.jpg' + (width ? '?w=' + width : '');
  }

  function layout() {
    // The box takes the room that the turned picture needs, so that it can be scrolled to.
    var width = sheet.clientWidth * zoom;
    var ratio = picture.naturalWidth ? picture.naturalHeight / picture.naturalWidth : 1.414;
    var sideways = turn % 180 !== 0;
    picture.style.width = (sideways ? width / ratio : width) + 'px';
    var shift = sideways ? (width - width / ratio) / 2 : 0;
    picture.style.transform = turn ? 'translate(' + shift + 'px,' + (sideways ? -shift : 0) + 'px) rotate(' + turn + 'deg)' : '';
    sheet.classList.toggle('is-zoomed', zoom > 1);
  }

  function show(number, keep) {
    if (number < 1 || number > pages) { return; }
    page = number;
    picture.src = address(page, zoom > 1.2 ? 1600 : 0);
    picture.alt = '入团志愿书第 ' + page + ' 页';
    document.getElementById('page-now').textContent = page;
    mark('previous', page === 1, Math.max(1, page - 1));
    mark('next', page === pages, Math.min(pages, page + 1));
    var links = document.querySelectorAll('[data-go]');
    for (var i = 0; i < links.length; i++) {
      if (i + 1 === page) { links[i].setAttribute('aria-current', 'page'); } else { links[i].removeAttribute('aria-current'); }
    }
    if (!keep) { history.replaceState(null, '', '?page=' + page); }
    if (page < pages) { new Image().src = address(page + 1, 0); }
  }

  function mark(id, off, target) {
    var link = document.getElementById(id);
    link.href = '?page=' + target;
    if (off) { link.setAttribute('aria-disabled', 'true'); } else { link.removeAttribute('aria-disabled'); }
  }

  function setZoom(value) {
    zoom = Math.min(4, Math.max(0.5, value));
    var wanted = address(page, zoom > 1.2 ? 1600 : 0);
    if (picture.getAttribute('src') !== wanted) { picture.src = wanted; }
    layout();
  }

  function print() {
    var box = document.getElementById('print-pages');
    var left = pages;
    box.textContent = '';
    for (var number = 1; number <= pages; number++) {
      var image = document.createElement('img');
      image.alt = '第 ' + number + ' 页';
      image.onload = image.onerror = function () {
        left -= 1;
        if (left === 0) { window.print(); }
      };
      image.src = address(number, 1600);
      box.appendChild(image);
    }
  }

  var actions = {
    'in': function () { setZoom(zoom * 1.25); },
    out: function () { setZoom(zoom / 1.25); },
    fit: function () { turn = 0; setZoom(1); },
    rotate: function () { turn = (turn + 90) % 360; layout(); },
    print: print
  };

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-do], [data-go], #previous, #next');
    if (!button) { return; }
    if (button.hasAttribute('data-do')) {
      actions[button.getAttribute('data-do')]();
      return;
    }
    event.preventDefault();
    show(button.id === 'previous' ? page - 1 : button.id === 'next' ? page + 1 : Number(button.getAttribute('data-go')));
  });

  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    var key = event.key;
    if (key === 'ArrowRight' || key === 'PageDown') { show(page + 1); }
    else if (key === 'ArrowLeft' || key === 'PageUp') { show(page - 1); }
    else if (key === 'Home') { show(1); }
    else if (key === 'End') { show(pages); }
    else if (key === '+' || key === '=') { actions['in'](); }
    else if (key === '-') { actions.out(); }
    else if (key === '0') { actions.fit(); }
    else if (key === 'r' || key === 'R') { actions.rotate(); }
    else { return; }
    event.preventDefault();
  });

  var touchX = null;
  sheet.addEventListener('touchstart', function (event) {
    touchX = event.touches.length === 1 && zoom <= 1 ? event.touches[0].clientX : null;
  });
  sheet.addEventListener('touchend', function (event) {
    if (touchX === null) { return; }
    var moved = event.changedTouches[0].clientX - touchX;
    if (Math.abs(moved) > 60) { show(moved < 0 ? page + 1 : page - 1); }
    touchX = null;
  });

  picture.addEventListener('load', function () { viewer.classList.remove('is-broken'); layout(); });
  picture.addEventListener('error', function () { viewer.classList.add('is-broken'); });
  window.addEventListener('resize', layout);
  layout();
  show(page, true);
}());
