/** The house rules that no plugin has. They read syntax only, so that a test can run them on any text. */

/** Made at module level, these hold nothing that a second instance could see. */
const HARMLESS = /^(RegExp|TextEncoder|TextDecoder|Error|TypeError|RangeError|Intl)$/;
const READONLY_TYPE = /^Readonly(Array|Map|Set)?$/;
const MAKERS = { Array: /^(from|of)$/, Object: /^(create|assign|fromEntries|defineProperty)$/ };

const MESSAGES = {
  state:
    "Module-level mutable state is shared by every instance in the process (law 4): move it into a class or a function.",
  literal: "A literal at module level must be `as const`, `Object.freeze`d or typed readonly (law 4).",
};

const isConstAssertion = (node) =>
  node.type === "TSAsExpression" && node.typeAnnotation.typeName?.name === "const";

const isReadonlyType = (type) =>
  (type?.type === "TSTypeReference" && READONLY_TYPE.test(type.typeName.name)) ||
  (type?.type === "TSTypeOperator" && type.operator === "readonly");

const calls = (node, object, property) =>
  node.callee.type === "MemberExpression" &&
  node.callee.object.name === object &&
  property.test(node.callee.property.name ?? "");

/** No-op for functions and classes: what they hold is made when they are called. */
const isDeferred = (node) => /Function|Class/.test(node.type);

const noModuleState = {
  meta: { type: "problem", schema: [], messages: MESSAGES },
  create(context) {
    const report = (node, messageId) => context.report({ node, messageId });

    /** Visits an expression that runs when the module loads. `frozen` is true beneath `as const`. */
    function inspect(node, frozen) {
      if (!node || isDeferred(node)) return;
      switch (node.type) {
        case "ArrayExpression":
        case "ObjectExpression":
          if (!frozen) return report(node, "literal");
          break;
        case "NewExpression": {
          const root = node.callee.type === "MemberExpression" ? node.callee.object : node.callee;
          if (!HARMLESS.test(root.name ?? "")) return report(node, "state");
          break;
        }
        case "CallExpression":
          return inspectCall(node);
        case "AssignmentExpression":
        case "UpdateExpression":
          return report(node, "state");
        case "TSAsExpression":
          return inspect(
            node.expression,
            frozen || isConstAssertion(node) || isReadonlyType(node.typeAnnotation),
          );
      }
      for (const child of children(node)) inspect(child, frozen);
    }

    function inspectCall(node) {
      // A function that runs at once can keep its variables alive in a closure.
      if (isDeferred(node.callee)) return report(node, "state");
      if (calls(node, "Object", /^freeze$/)) {
        for (const argument of node.arguments) {
          if (/^(Array|Object)Expression$/.test(argument.type)) {
            for (const child of children(argument)) inspect(child, false);
          } else inspect(argument, false);
        }
        return;
      }
      if (
        node.callee.name === "Array" ||
        Object.entries(MAKERS).some(([object, property]) => calls(node, object, property))
      ) {
        return report(node, "state");
      }
      // Literals are fine as arguments (`z.object({ … })`); instances are not.
      for (const argument of node.arguments) inspect(argument, true);
      inspect(node.callee.object, true);
    }

    function children(node) {
      return (context.sourceCode.visitorKeys[node.type] ?? [])
        .filter((key) => !/^(typeAnnotation|typeArguments|typeParameters|returnType)$/.test(key))
        .flatMap((key) => node[key] ?? []);
    }

    function declaration(node) {
      if (node.declare) return;
      if (node.kind === "let" || node.kind === "var") return report(node, "state");
      for (const { id, init } of node.declarations) {
        const type = id.typeAnnotation?.typeAnnotation;
        if (!isTable(init, type)) inspect(init, isReadonlyType(type));
      }
    }

    /** `const NAMES: ReadonlySet<string> = new Set([…])`: nobody can write to it through its type. */
    function isTable(init, type) {
      return (
        isReadonlyType(type) && init?.type === "NewExpression" && /^(Map|Set)$/.test(init.callee.name ?? "")
      );
    }

    return {
      Program(program) {
        for (const statement of program.body) {
          const node = statement.declaration ?? statement;
          if (node.type === "VariableDeclaration") declaration(node);
          else if (node.type === "ExpressionStatement") inspect(node.expression, true);
          else if (statement.type === "ExportDefaultDeclaration") inspect(node, false);
        }
      },
      "PropertyDefinition[static=true], AccessorProperty[static=true]"(node) {
        if (!node.readonly) return report(node, "state");
        const type = node.typeAnnotation?.typeAnnotation;
        if (!isTable(node.value, type)) inspect(node.value, isReadonlyType(type));
      },
    };
  },
};

export const house = { rules: { "no-module-state": noModuleState } };

const LISTENERS = ["on", "once", "addListener", "prependListener", "prependOnceListener"];
const GLOBAL = "/^(globalThis|global)$/";

/** For published code: nothing global is kept, listened to or read (law 4). */
export const nothingGlobal = {
  "house/no-module-state": "error",
  "no-restricted-properties": [
    "error",
    ...LISTENERS.map((property) => ({
      object: "process",
      property,
      message: "A library adds no process listeners (law 4).",
    })),
    {
      object: "process",
      property: "env",
      message: "Only what the caller declares is read (law 4); see fromEnv.",
    },
  ],
  "no-restricted-syntax": [
    "error",
    {
      selector: `:matches(AssignmentExpression > .left, UpdateExpression > .argument, UnaryExpression[operator='delete'] > .argument)[object.name=${GLOBAL}]`,
      message: "Nothing is written to the global object (law 4).",
    },
    {
      selector: `CallExpression[callee.object.name=/^(Object|Reflect)$/][callee.property.name=/^(assign|definePropert(y|ies)|set)$/][arguments.0.name=${GLOBAL}]`,
      message: "Nothing is written to the global object (law 4).",
    },
    {
      selector: `MemberExpression[object.name=${GLOBAL}][property.name='process']`,
      message: "Write `process`, so that the rules about it apply.",
    },
  ],
  "no-restricted-imports": [
    "error",
    {
      paths: [
        { name: "node:process", message: "Write `process`, so that the rules about it apply." },
        { name: "process", message: "Write `process`, so that the rules about it apply." },
        {
          name: "undici",
          importNames: ["setGlobalDispatcher", "setGlobalOrigin"],
          message: "That is global (law 4).",
        },
      ],
    },
  ],
};
