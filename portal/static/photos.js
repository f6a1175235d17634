/* 拍照合成: pictures are sent one after the other, so that a lost line loses only the one under way;
   the order is kept on the server as it changes. And buttons that take long say so. ES5. */
(function () {
  'use strict';
  var MIB = 1024 * 1024;
  var MAX_BYTES = 20 * MIB;
  function at(id) { return document.getElementById(id); }

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text) { element.textContent = text; }
    return element;
  }

  /* ---- buttons that take long ---- */

  document.addEventListener('submit', function (event) {
    var button = event.target.querySelector('[data-waiting]');
    if (!button || event.defaultPrevented) { return; }
    button.setAttribute('data-words', button.textContent);
    button.textContent = button.getAttribute('data-waiting');
    button.classList.add('is-waiting');
  });
  window.addEventListener('pageshow', function () { // come back to with 返回
    var waiting = document.querySelectorAll('.is-waiting');
    for (var i = 0; i < waiting.length; i++) {
      waiting[i].textContent = waiting[i].getAttribute('data-words');
      waiting[i].classList.remove('is-waiting');
    }
  });

  var form = at('add');
  if (!form) { return; }
  var queue = at('queue'), said = at('said'), photos = at('photos'), save = at('save'), made = at('made');
  var sheet = photos.querySelector('.page-sheet');
  var joinButton = save.querySelector('button');

  /* ---- one picture after the other ---- */

  var waiting = []; // {file, row}
  var current = null; // the one under way, with its request
  var chosen = 0, came = 0;

  function rowFor(file) {
    var row = make('li', 'sending');
    row.appendChild(make('span', 'sending-name', file.name));
    queue.appendChild(row);
    return row;
  }

  function words(row, className, text) {
    while (row.childNodes.length > 1) { row.removeChild(row.lastChild); }
    row.className = className;
    if (text) { row.appendChild(make('span', 'sending-words', text)); }
  }

  function button(row, text, act) {
    var made = make('button', 'link-button', text);
    made.type = 'button';
    made.onclick = act;
    row.appendChild(made);
    return made;
  }

  function remove(row) { if (row.parentNode) { row.parentNode.removeChild(row); } }

  function take(files) {
    if (!current && !waiting.length) { chosen = came = 0; }
    for (var i = 0; i < files.length; i++) {
      var row = rowFor(files[i]);
      chosen += 1;
      if (files[i].size === 0 || files[i].size > MAX_BYTES) {
        refuse(row, files[i].size ? '有 ' + (Math.ceil(files[i].size * 10 / MIB) / 10).toFixed(1) +
          'M，超过 20M。请用相机的普通模式重新拍这一页。' : '是空的（0 字节）。请重新选择或重新拍。');
        chosen -= 1;
        continue;
      }
      words(row, 'sending', '等待');
      waiting.push({ file: files[i], row: row });
    }
    next();
  }

  function refuse(row, text) {
    words(row, 'sending cell-error', text);
    row.setAttribute('role', 'alert');
    button(row, '知道了', function () { remove(row); form.elements.pictures.focus(); });
  }

  function next() {
    joinButton.disabled = !!current || waiting.length > 0;
    if (current || !waiting.length) { return; }
    current = waiting.shift();
    joinButton.disabled = true;
    send(current);
  }

  function send(one) {
    var request = one.request = new XMLHttpRequest(), body = new FormData();
    var bar = make('progress'), state = make('span', 'sending-words', '');
    body.append('csrf_token', form.elements.csrf_token.value);
    body.append('pictures', one.file);
    words(one.row, 'sending', '');
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute('aria-label', '添加 ' + one.file.name);
    one.row.appendChild(bar);
    one.row.appendChild(state);
    var cancel = button(one.row, '取消', function () { request.abort(); });
    request.upload.onprogress = function (event) {
      if (!event.lengthComputable) { return; }
      if (event.loaded >= event.total) {
        bar.removeAttribute('value');
        state.textContent = '正在处理…';
        cancel.hidden = true;
        return;
      }
      bar.value = event.loaded * 100 / event.total;
      state.textContent = Math.floor(bar.value) + '% · ' + (event.loaded / MIB).toFixed(1) + ' / ' + (event.total / MIB).toFixed(1) + 'M';
    };
    request.onload = function () { answered(one, request); };
    request.onerror = function () { lost(one); };
    request.onabort = function () {
      remove(one.row);
      chosen -= 1;
      current = null;
      next();
    };
    request.open('POST', form.action);
    request.setRequestHeader('HX-Request', 'true');
    request.setRequestHeader('HX-Current-URL', location.href);
    request.send(body);
  }

  function answered(one, request) {
    var answer = make('div');
    answer.innerHTML = request.responseText;
    if (request.status !== 200) { // not signed in any more, no room, a fault: for all that follow, too
      at('messages').innerHTML = request.responseText;
      window.scrollTo(0, 0);
      stopped(one, '没有添加。');
      return;
    }
    current = null;
    var cards = answer.querySelectorAll('.sheet-card'), refused = answer.querySelector('.refused');
    for (var i = 0; i < cards.length; i++) { sheet.appendChild(cards[i]); }
    if (cards.length) {
      photos.hidden = false;
      came += 1;
      said.textContent = '已添加 ' + came + ' 张，共选了 ' + chosen + ' 张';
      sheet.dispatchEvent(new CustomEvent('sheet:changed'));
    }
    if (refused) { refuse(one.row, refused.textContent); } else { remove(one.row); }
    next();
  }

  function lost(one) { stopped(one, '传送中断，这一张没有添加，已添加的没有变动。'); }

  function stopped(one, text) {
    words(one.row, 'sending cell-error', text);
    one.row.setAttribute('role', 'alert');
    var again = button(one.row, '重试', function () { retry(one); });
    button(one.row, '不要了', function () {
      remove(one.row);
      current = null;
      chosen -= 1;
      next();
    });
    one.stopped = true;
    again.focus();
  }

  function retry(one) {
    if (!one || !one.stopped) { return; }
    one.stopped = false;
    one.row.removeAttribute('role');
    send(one);
  }

  window.addEventListener('online', function () { retry(current); });
  window.addEventListener('beforeunload', function (event) {
    if (current || waiting.length) {
      event.preventDefault();
      event.returnValue = '';
    }
  });
  form.elements.pictures.addEventListener('change', function () {
    var files = [].slice.call(this.files);
    form.reset();
    take(files);
  });
  form.addEventListener('submit', function (event) { event.preventDefault(); });
  document.addEventListener('drop', function (event) {
    if (event.dataTransfer && event.dataTransfer.files.length) { take(event.dataTransfer.files); }
  });

  /* ---- the order is kept, and what was made of another one is old ---- */

  var told = save.elements.pages.value, timer = null;

  function tell() {
    timer = null;
    var request = new XMLHttpRequest();
    told = save.elements.pages.value;
    request.open('POST', save.getAttribute('data-kept'));
    request.setRequestHeader('HX-Request', 'true');
    request.send(new FormData(save));
  }

  sheet.addEventListener('sheet:arranged', function (event) {
    if (made) { made.classList.toggle('is-old', made.getAttribute('data-of') !== event.detail); }
    window.clearTimeout(timer);
    timer = event.detail === told ? null : window.setTimeout(tell, 600);
  });
  window.addEventListener('pagehide', function () {
    if (timer) { navigator.sendBeacon(save.getAttribute('data-kept'), new FormData(save)); }
  });
}());
