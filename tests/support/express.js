// As much of Express as the guide's receiver needs: a route, the raw body, an answer.
// Used where Express itself is not installed; a body that was parsed would not be raw here either.
const http = require("node:http");

module.exports = () => {
  const routes = new Map();
  return {
    post: (path, ...steps) => routes.set(path, steps),
    listen: (port, host) =>
      http.createServer((req, res) => {
        res.status = (code) => Object.assign(res, { statusCode: code });
        const steps = req.method === "POST" ? routes.get(req.url) : undefined;
        if (!steps) return res.status(404).end();
        const next = (left) => left[0](req, res, () => next(left.slice(1)));
        next(steps);
      }).listen(port, host),
  };
};

module.exports.raw = ({ type, limit }) => (req, res, next) => {
  if (type !== "*/*" || limit !== "1mb") throw new Error("this stand-in knows one kind of raw body");
  const parts = [];
  req.on("data", (part) => parts.push(part));
  req.on("end", () => {
    req.body = Buffer.concat(parts);
    next();
  });
};
