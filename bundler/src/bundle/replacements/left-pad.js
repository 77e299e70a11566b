module.exports = (text, length, fill) => (fill || fill === 0 ? String(fill) : " ").repeat(Math.max(0, length - String(text).length)) + text;
