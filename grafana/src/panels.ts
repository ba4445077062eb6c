/** Owns how a panel is described and what Grafana is told of it. */

import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

export interface Target {
  readonly expr: string;
  /** `{{label}}` is replaced; never empty, so that nobody reads raw series. In a table: the column's title. */
  readonly legend: string;
  /** Show the exemplars of this query's buckets, each a link to its trace. */
  readonly exemplar?: boolean;
  /** A colour for all series of this query, where its meaning has one. */
  readonly colour?: string;
  /** Table: the column's own unit and limits. */
  readonly unit?: string;
  readonly limits?: Limits;
}

/** Where a value turns orange and red; `below` when small values are the bad ones. */
export type Limits =
  | { readonly warn?: number; readonly bad: number; readonly below?: false }
  | { readonly warn?: number; readonly bad: number; readonly below: true }
  /** Anything above zero is bad. */
  | 'zero'
  /** There is no bad value: a change is what one looks for. */
  | 'none';

export interface PanelSpec {
  readonly kind: 'timeseries' | 'stat' | 'table' | 'heatmap' | 'bargauge';
  readonly title: string;
  /** First part of the description: what the numbers are. */
  readonly shows: string;
  /** Second part: what a bad value is, what it means and what to do about it. */
  readonly bad: string;
  readonly unit: string;
  /** Columns of the 24 of the grid. */
  readonly width: number;
  readonly height?: number;
  readonly targets: readonly Target[];
  readonly limits: Limits;
  readonly stacked?: boolean;
  readonly decimals?: number;
  /** Upper end of the axis, when it has one: 1 for shares. */
  readonly max?: number;
  readonly logarithmic?: boolean;
  readonly links?: readonly PanelLink[];
  /** Table: label columns in order, with their titles; other labels are hidden. */
  readonly columns?: { readonly [label: string]: string };
  /** What to print where there is no value. */
  readonly noValue?: string;
}

export interface PanelLink {
  readonly title: string;
  readonly url: string;
}

export const COLOURS = { good: 'green', warn: 'orange', bad: 'red' } as const;

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const HEIGHTS = { timeseries: 8, stat: 4, table: 10, heatmap: 8, bargauge: 8 } as const;

/** What the builders of all panel types have in common. */
interface AnyBuilder {
  title(title: string): this;
  description(description: string): this;
  unit(unit: string): this;
  span(width: number): this;
  height(height: number): this;
  datasource(reference: common.DataSourceRef): this;
  thresholds(thresholds: dashboard.ThresholdsConfigBuilder): this;
  colorScheme(color: dashboard.FieldColorBuilder): this;
  withTarget(target: prometheus.DataqueryBuilder): this;
  dataLinks(links: dashboard.DashboardLinkBuilder[]): this;
  overrideByQuery(refId: string, properties: dashboard.DynamicConfigValue[]): this;
  overrideByName(name: string, properties: dashboard.DynamicConfigValue[]): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  noValue(text: string): this;
  build(): dashboard.Panel;
}

export function buildPanel(spec: PanelSpec, id: number): dashboard.Panel {
  const builder = BUILDERS[spec.kind](spec);
  const { kind, title, unit, width } = spec;
  builder
    .title(title)
    .description(`${spec.shows}\n\n**Bad:** ${spec.bad}`)
    .unit(unit)
    .span(width)
    .height(spec.height ?? HEIGHTS[kind])
    .datasource(DATASOURCE)
    .thresholds(thresholdsOf(spec.limits))
    .min(0);
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  if (spec.max !== undefined) builder.max(spec.max);
  if (spec.noValue !== undefined) builder.noValue(spec.noValue);
  if (spec.links) builder.dataLinks(spec.links.map(linkOf));
  for (const [index, target] of spec.targets.entries()) builder.withTarget(queryOf(kind, target, refId(index)));
  const panel = builder.build();
  panel.id = id;
  return panel;
}

export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function queryOf(kind: PanelSpec['kind'], target: Target, id: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder()
    .refId(id)
    .expr(target.expr)
    .legendFormat(target.legend)
    .editorMode(prometheus.QueryEditorMode.Code)
    .datasource(DATASOURCE);
  if (target.exemplar) query.exemplar(true);
  if (kind === 'table') return query.instant().format(prometheus.PromQueryFormat.Table);
  if (kind === 'bargauge') return query.instant().format(prometheus.PromQueryFormat.TimeSeries);
  return query
    .range()
    .format(kind === 'heatmap' ? prometheus.PromQueryFormat.Heatmap : prometheus.PromQueryFormat.TimeSeries);
}

export function stepsOf(limits: Limits): dashboard.Threshold[] {
  if (limits === 'none') return [{ value: null, color: COLOURS.good }];
  // Grafana colours from the step upwards, so "above zero" begins a little higher.
  if (limits === 'zero') return [step(null, COLOURS.good), step(1e-9, COLOURS.bad)];
  const { warn, bad, below } = limits;
  if (below) {
    return [
      step(null, COLOURS.bad),
      ...(warn === undefined ? [] : [step(bad, COLOURS.warn)]),
      step(warn ?? bad, COLOURS.good),
    ];
  }
  return [step(null, COLOURS.good), ...(warn === undefined ? [] : [step(warn, COLOURS.warn)]), step(bad, COLOURS.bad)];
}

function step(value: number | null, color: string): dashboard.Threshold {
  return { value, color };
}

function thresholdsOf(limits: Limits): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(stepsOf(limits));
}

function linkOf({ title, url }: PanelLink): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder(title).url(url).targetBlank(true);
}

const BUILDERS: { readonly [kind in PanelSpec['kind']]: (spec: PanelSpec) => AnyBuilder } = {
  timeseries(spec) {
    const builder = new timeseries.PanelBuilder()
      .drawStyle(GraphDrawStyle.Line)
      .lineWidth(1)
      .fillOpacity(spec.stacked ? 40 : 8)
      .showPoints(VisibilityMode.Never)
      .spanNulls(false)
      .axisSoftMin(0)
      .tooltip(new common.VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
      .legend(
        new common.VizLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.Table)
          .placement(LegendPlacement.Bottom)
          .showLegend(true)
          .calcs(['lastNotNull', 'max'])
          .sortBy('Last *')
          .sortDesc(true),
      )
      // By name, so that a realm or an instance has the same colour in all panels.
      .colorScheme(colour(dashboard.FieldColorModeId.PaletteClassicByName));
    if (spec.stacked) builder.stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
    if (spec.limits === 'zero') {
      builder.colorScheme(colour(dashboard.FieldColorModeId.Fixed, COLOURS.bad));
    } else if (spec.limits !== 'none') {
      builder.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
    }
    if (spec.logarithmic) {
      builder.scaleDistribution(new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10));
    }
    for (const [index, target] of spec.targets.entries()) {
      if (target.colour)
        builder.overrideByQuery(refId(index), [{ id: 'color', value: { mode: 'fixed', fixedColor: target.colour } }]);
    }
    return builder;
  },
  stat(spec) {
    return new stat.PanelBuilder()
      .graphMode(BigValueGraphMode.Area)
      .colorMode(spec.limits === 'none' ? BigValueColorMode.Value : BigValueColorMode.Background)
      .colorScheme(
        spec.limits === 'none'
          ? colour(dashboard.FieldColorModeId.Fixed, 'blue')
          : colour(dashboard.FieldColorModeId.Thresholds),
      )
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  },
  bargauge() {
    return new bargauge.PanelBuilder()
      .displayMode(BarGaugeDisplayMode.Basic)
      .orientation(VizOrientation.Horizontal)
      .colorScheme(colour(dashboard.FieldColorModeId.Thresholds))
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  },
  heatmap(spec) {
    return new heatmap.PanelBuilder()
      .calculate(false)
      .color(
        new heatmap.HeatmapColorOptionsBuilder()
          .mode(heatmap.HeatmapColorMode.Scheme)
          .scheme('Turbo')
          .steps(64)
          .exponent(0.5),
      )
      .yAxis(new heatmap.YAxisConfigBuilder().unit(spec.unit))
      .cellValues(new heatmap.CellValuesBuilder().unit('short'))
      .filterValues(new heatmap.FilterValueRangeBuilder().le(1e-9))
      .tooltip(new heatmap.HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true))
      .exemplarsColor('rgba(255,0,255,0.7)');
  },
  table(spec) {
    const builder = new table.PanelBuilder()
      .showHeader(true)
      .colorScheme(colour(dashboard.FieldColorModeId.Thresholds))
      .withTransformation({ id: 'merge', options: {} })
      .withTransformation({ id: 'organize', options: columnsOf(spec) })
      .sortBy([new common.TableSortByFieldStateBuilder().displayName(spec.targets[0]!.legend).desc(true)]);
    for (const { legend, unit, limits } of spec.targets) {
      const properties: dashboard.DynamicConfigValue[] = [];
      if (unit) properties.push({ id: 'unit', value: unit });
      if (limits && limits !== 'none') {
        properties.push({ id: 'thresholds', value: { mode: 'absolute', steps: stepsOf(limits) } });
        properties.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
      }
      if (properties.length) builder.overrideByName(legend, properties);
    }
    return builder;
  },
};

/** Grafana's transformation "organize fields": titles, order, and what to leave out. */
function columnsOf(spec: PanelSpec): {
  indexByName: { [field: string]: number };
  renameByName: { [field: string]: string };
  excludeByName: { [field: string]: boolean };
} {
  // A table of one query calls its column Value, one of several Value #A, Value #B …
  const value = (index: number): string => (spec.targets.length === 1 ? 'Value' : `Value #${refId(index)}`);
  const titles = [
    ...Object.entries(spec.columns ?? {}),
    ...spec.targets.map(({ legend }, index) => [value(index), legend] as const),
  ];
  return {
    indexByName: Object.fromEntries(titles.map(([field], index) => [field, index])),
    renameByName: Object.fromEntries(titles),
    excludeByName: { Time: true },
  };
}

function colour(mode: dashboard.FieldColorModeId, fixed?: string): dashboard.FieldColorBuilder {
  const builder = new dashboard.FieldColorBuilder().mode(mode);
  return fixed === undefined ? builder : builder.fixedColor(fixed);
}
