// What a report's page draws with; scatter is in the core.
const Plotly = require("plotly.js/lib/core");

Plotly.register([require("plotly.js/lib/bar"), require("plotly.js/lib/box"), require("plotly.js/lib/treemap")]);
window.Plotly = Plotly;
